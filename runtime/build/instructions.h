// The 18 instructions as typed values, flags read and arguments counted. Nothing is expanded yet. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "parser.h"

namespace devenv::build {

/// Shell form: words[0] is the whole text. Exec form: the elements.
struct CommandLine {
  std::vector<std::string> words;
  bool shell = false;
};

struct From {
  std::string image;  ///< unexpanded; an earlier stage's name, an image, or "scratch"
  std::string stage;  ///< lower case; empty without AS
  std::string platform;
  std::string stage_as_written, keyword_as;  ///< for warnings
};

/// One --mount of a RUN: its CSV fields, keys in lower case, values unexpanded.
using MountFields = std::vector<std::pair<std::string, std::string>>;

struct Run {
  CommandLine command;
  std::vector<Heredoc> heredocs;
  std::vector<MountFields> mounts;
  std::string network;  ///< empty, default, none, host
  std::string security;
};

struct InlineFile {
  std::string name, content;
  bool expand = true;
};

/// COPY and ADD.
struct Copy {
  bool add = false;
  std::vector<std::string> sources;
  std::vector<InlineFile> files;  ///< heredocs among the sources
  std::string destination;
  std::string from, chown, chmod, checksum;
  bool link = false, parents = false, keep_git_dir = false;
  std::optional<bool> unpack;
  std::vector<std::string> excludes;
};

using Pair = std::pair<std::string, std::string>;
struct Env {
  std::vector<Pair> pairs;
  bool legacy = false;  ///< `ENV k v`
};
struct Label {
  std::vector<Pair> pairs;
  bool legacy = false;
};
struct Arg {
  std::vector<std::pair<std::string, std::optional<std::string>>> names;
};
struct Cmd {
  CommandLine command;
};
struct Entrypoint {
  CommandLine command;
};
struct Expose {
  std::vector<std::string> ports;
};
struct Healthcheck {
  std::vector<std::string> test;  ///< {"NONE"}, {"CMD", …} or {"CMD-SHELL", text}
  std::int64_t interval_ns = 0, timeout_ns = 0, start_period_ns = 0, start_interval_ns = 0;
  int retries = 0;
};
struct Maintainer {
  std::string name;
};
struct Onbuild {
  std::string trigger;  ///< the instruction's text, heredoc bodies behind it
};
struct Shell {
  std::vector<std::string> words;
};
struct Stopsignal {
  std::string signal;
};
struct User {
  std::string user;
};
struct Volume {
  std::vector<std::string> paths;
};
struct Workdir {
  std::string path;
};

using AnyInstruction = std::variant<From, Run, Copy, Env, Label, Arg, Cmd, Entrypoint, Expose, Healthcheck,
                                    Maintainer, Onbuild, Shell, Stopsignal, User, Volume, Workdir>;

struct Instruction {
  AnyInstruction value;
  std::string name;  ///< as written
  std::string text;  ///< the joined line
  int first_line = 0, last_line = 0;
  std::string file;
};

/// Throws Error "<file>:<line>: …", with the nearest name for an unknown instruction or flag.
Instruction read_instruction(const Node& node, const std::string& file);

/// The ARGs before the first FROM, then the stages. Throws Error; also when there is no FROM.
struct Dockerfile {
  struct Stage {
    From from;
    int line = 0;
    std::vector<Instruction> instructions;  ///< without the FROM
  };
  std::vector<Instruction> global_args;
  std::vector<Stage> stages;
  char escape = '\\';
  std::string file;
};
Dockerfile read_dockerfile(const Syntax& syntax, const std::string& file);

}  // namespace devenv::build
