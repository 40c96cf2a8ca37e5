#include "runtime/base/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace devenv {
namespace {

std::string message_of(std::string_view text) {
  try {
    parse_json(text, "the test's");
  } catch (const Error& error) {
    return error.what();
  }
  return "no Error";
}

TEST(Json, WhatCannotBeReadIsAnErrorOfOurs) {
  EXPECT_EQ(message_of("{\"a\": tru}"), "parse the test's: not valid JSON near byte 10");
  EXPECT_EQ(message_of(""), "parse the test's: not valid JSON near byte 1");
  EXPECT_EQ(message_of("{\"size\": 1e999}"), "parse the test's: it holds a number larger than any that can be stored");
  EXPECT_EQ(message_of("[1]"), "no Error");
}

TEST(Json, AWrongTypeNamesTheKey) {
  const Json object = parse_json(R"({"size": "large", "none": null})", "the test's");
  EXPECT_EQ(json_value(object, "missing", 7, "the test's"), 7);
  EXPECT_EQ(json_value(object, "none", 7, "the test's"), 7);
  EXPECT_THROW(json_value(object, "size", 7, "the test's"), Error);
}

TEST(Json, ANumberThatDoesNotFitIsNotCut) {
  const Json object = parse_json(R"({"huge": 1e67, "half": 1.5, "big": 4294967296, "minus": -1})", "the test's");
  for (const char* key : {"huge", "half", "big"}) EXPECT_THROW(json_value(object, key, 0, "the test's"), Error) << key;
  EXPECT_THROW(json_value(object, "minus", 0u, "the test's"), Error);
  EXPECT_EQ(json_value(object, "minus", 0, "the test's"), -1);
  EXPECT_EQ(json_value(object, "big", std::int64_t{0}, "the test's"), std::int64_t{4294967296});
  EXPECT_EQ(json_value(object, "half", 0.0, "the test's"), 1.5);
}

TEST(Json, BytesThatAreNoTextAreShownAsSuch) {
  EXPECT_EQ(dump_json(Json{{"a", "x\xff"}}), "{\"a\":\"x\xEF\xBF\xBD\"}");
  EXPECT_EQ(dump_json(Json::array({1}), 2), "[\n  1\n]");
}

}  // namespace
}  // namespace devenv
