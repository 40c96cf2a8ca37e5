// A build of a Dockerfile on the backend of plain directories.
#pragma once

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <algorithm>

#include "fake_backend.h"
#include "runtime/base/json.h"

namespace devenv::build {

class Builder : public testing::Test {
 protected:
  Builder() {
    backend_.add_base("base", R"({"config":{"Env":["PATH=/bin","V=1"],"Cmd":["sh"],"WorkingDir":"/w"}})");
  }

  ImageInfo build(const std::string& dockerfile, BuildSpec spec = {}) {
    spec.context_dir = context_.path();
    spec.dockerfile_text = dockerfile;
    said_.clear();
    return run_build(spec, backend_, [&](const std::string& line) { said_.push_back(line); });
  }
  std::string error_of(const std::string& dockerfile, BuildSpec spec = {}) {
    try {
      build(dockerfile, std::move(spec));
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }
  Json config() const { return Json::parse(backend_.config_json).at("config"); }
  struct stat stat_of(const std::string& name) const {
    struct stat st {};
    EXPECT_EQ(lstat((backend_.result() / name).c_str(), &st), 0) << name;
    return st;
  }
  int cached() const {
    return static_cast<int>(std::count_if(said_.begin(), said_.end(), [](const std::string& line) {
      return line.find("CACHED") != std::string::npos;
    }));
  }

  TemporaryDirectory context_;
  FakeBackend backend_;
  std::vector<std::string> said_;
};

}  // namespace devenv::build
