// Tests of whatever takes a struct apart and puts it together again: none of its fields may be forgotten.
//
// A test gives each struct `all_fields(const T&)`, which takes it apart by a structured binding and ties all of
// it: one field more and it does not compile until it is named there. expect_filled() then insists that the
// test's value differs from the default in it, and expect_same() that it comes back.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

namespace devenv::test {

template <class T>
concept HasFields = requires(const T& value) { all_fields(value); };

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

/// Calls check(path, a's, b's) with each field of two structs, those of structs in them included.
template <class T, class Check>
void each_pair(const T& a, const T& b, const Check& check, const std::string& path) {
  if constexpr (HasFields<T>) {
    std::apply(
        [&](const auto&... left) {
          std::apply(
              [&](const auto&... right) {
                std::size_t i = 0;
                (each_pair(left, right, check, path + "." + std::to_string(i++)), ...);
              },
              all_fields(b));
        },
        all_fields(a));
  } else if constexpr (IsVector<T>::value) {
    if constexpr (HasFields<typename T::value_type>) {
      ASSERT_EQ(a.size(), b.size()) << path;
      for (std::size_t i = 0; i < a.size(); ++i)
        each_pair(a[i], b[i], check, path + "[" + std::to_string(i) + "]");
    } else {
      check(path, a, b);
    }
  } else if constexpr (IsOptional<T>::value) {
    ASSERT_EQ(a.has_value(), b.has_value()) << path;
    if (a) each_pair(*a, *b, check, path);
  } else {
    check(path, a, b);
  }
}

/// `path` counts fields from 0: "plan.4.1" is the second field of the fifth.
template <class T>
void expect_same(const T& a, const T& b, const std::string& path) {
  each_pair(
      a, b, [](const std::string& at, const auto& left, const auto& right) { EXPECT_EQ(left, right) << at; },
      path);
}

template <class T>
void expect_differs(const T& value, const T& in_default, const std::string& path);

/// Every field of `value` differs from its default.
template <class T>
void expect_filled(const T& value, const std::string& path) {
  if constexpr (HasFields<T>) {
    const T empty{};
    std::apply(
        [&](const auto&... mine) {
          std::apply(
              [&](const auto&... defaults) {
                std::size_t i = 0;
                (expect_differs(mine, defaults, path + "." + std::to_string(i++)), ...);
              },
              all_fields(empty));
        },
        all_fields(value));
  } else if constexpr (IsVector<T>::value) {
    EXPECT_FALSE(value.empty()) << path;
    for (const auto& each : value)
      if constexpr (HasFields<typename T::value_type>) expect_filled(each, path + "[]");
  } else if constexpr (IsOptional<T>::value) {
    ASSERT_TRUE(value.has_value()) << path;
    if constexpr (HasFields<typename T::value_type>) expect_filled(*value, path);
  }
}

template <class T>
void expect_differs(const T& value, const T& in_default, const std::string& path) {
  if constexpr (HasFields<T> || IsVector<T>::value || IsOptional<T>::value)
    expect_filled(value, path);
  else
    EXPECT_NE(value, in_default) << path << " has its default, so nobody would notice if it were forgotten";
}

}  // namespace devenv::test
