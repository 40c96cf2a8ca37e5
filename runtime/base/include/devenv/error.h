// The exceptions devenv throws, and the shape of their messages.
//
// A message reads "<action> <object>: <reason>; <hint>": what was tried, on what, why it failed, and what
// to do about it. what() is fit to be shown to a person as it is. All types are safe to copy across threads.
#pragma once

#include <stdexcept>
#include <string>

namespace devenv {

/// Any failure of devenv. what() is "<action> <object>: <reason>[; <hint>]".
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message) : std::runtime_error(message) {}
  Error(const std::string& message, const std::string& hint)
      : std::runtime_error(hint.empty() ? message : message + "; " + hint) {}
};

/// A failed system call. The reason part of the message is strerror(code()) in lower case.
class SystemError : public Error {
 public:
  /// `code` is an errno value; read errno before evaluating anything that can change it. Without a hint of
  /// the caller's a full disk and the like get their usual one.
  SystemError(int code, const std::string& action_and_object, const std::string& hint = {});

  /// The same failure seen from further out: "<context>: <cause's message>".
  SystemError(const std::string& context, const SystemError& cause)
      : Error(context + ": " + cause.what()), code_(cause.code_) {}

  /// The errno value.
  int code() const noexcept { return code_; }

 private:
  int code_;
};

/// Something that was named does not exist: an image, a container, a volume, a network, a build stage.
class NotFound : public Error {
 public:
  using Error::Error;
};

/// The request clashes with what exists: a name taken, a volume in use, a port bound.
class Conflict : public Error {
 public:
  using Error::Error;
};

/// The container's command could not be executed. exit_code() is 126 (found, not executable) or 127 (not
/// found), as shells and docker report it.
class CommandError : public Error {
 public:
  CommandError(int exit_code, const std::string& message) : Error(message), exit_code_(exit_code) {}

  int exit_code() const noexcept { return exit_code_; }

 private:
  int exit_code_;
};

/// A Deadline passed before what was waited for came true.
class Timeout : public Error {
 public:
  using Error::Error;
};

}  // namespace devenv
