#include "debug_dockerfile.h"

#include <devenv/error.h>

#include <functional>
#include <iostream>
#include <iterator>
#include <optional>

#include "runtime/base/files.h"
#include "runtime/build/expand.h"
#include "runtime/build/ignore.h"
#include "runtime/build/parser.h"
#include "runtime/build/path_match.h"

namespace devenv::cli {
namespace {

struct Misuse {
  std::string message;
};

// The value of `--name=VALUE` or `--name VALUE`; nullopt when args[i] is another argument.
std::optional<std::string> option_value(const Arguments& args, std::size_t& i, const std::string& name) {
  if (args[i].starts_with(name + "=")) return args[i].substr(name.size() + 1);
  if (args[i] != name) return {};
  if (i + 1 == args.size()) throw Misuse{name + " needs a value"};
  return args[++i];
}

int run_verb(const std::string& usage, std::ostream& err, const std::function<void()>& verb) {
  try {
    verb();
    return 0;
  } catch (const Misuse& misuse) {
    err << "devenv: debug " << usage.substr(0, usage.find(' ')) << ": " << misuse.message
        << "; usage: devenv debug " << usage << '\n';
    return 2;
  } catch (const Error& error) {
    err << "devenv: " << error.what() << '\n';
    return 1;
  }
}

struct ExpandCall {
  build::Variables variables;
  char escape = '\\';
  std::string word;
};

ExpandCall read_expand_call(const Arguments& args) {
  ExpandCall call;
  Arguments operands;
  bool options = true;
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (!options || !args[i].starts_with("--")) {
      operands.push_back(args[i]);
    } else if (args[i] == "--") {
      options = false;
    } else if (const auto escape = option_value(args, i, "--escape")) {
      if (escape->size() != 1) throw Misuse{"--escape takes one character"};
      call.escape = (*escape)[0];
    } else if (const auto env = option_value(args, i, "--env")) {
      const std::size_t equals = env->find('=');
      call.variables[env->substr(0, equals)] = equals == std::string::npos ? "" : env->substr(equals + 1);
    } else {
      throw Misuse{"unknown option " + args[i]};
    }
  }
  if (operands.size() != 1) throw Misuse{"one WORD is needed, " + std::to_string(operands.size()) + " given"};
  call.word = operands[0];
  return call;
}

// Operands of a verb without options: "--" is only a separator, and only once.
Arguments operands_of(const Arguments& args) {
  Arguments operands;
  bool options = true;
  for (const std::string& arg : args) {
    if (options && arg == "--") {
      options = false;
      continue;
    }
    if (options && arg.starts_with("--")) throw Misuse{"unknown option " + arg};
    operands.push_back(arg);
  }
  return operands;
}

std::string read_input(const std::string& file, std::istream& in) {
  if (file != "-") return read_file(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

int debug_dockerfile_ast(const Arguments& args, std::istream& in, std::ostream& out, std::ostream& err) {
  return run_verb("dockerfile-ast [--lines] FILE", err, [&] {
    bool lines = false, options = true;
    Arguments files;
    for (const std::string& arg : args) {
      if (options && arg == "--")
        options = false;
      else if (options && arg == "--lines")
        lines = true;
      else if (options && arg.starts_with("-") && arg != "-")
        throw Misuse{"unknown option " + arg};
      else
        files.push_back(arg);
    }
    if (files.size() != 1) throw Misuse{"one FILE is needed, " + std::to_string(files.size()) + " given"};
    const std::string name = files[0] == "-" ? "<stdin>" : files[0];
    const build::Syntax syntax = build::parse_dockerfile(read_input(files[0], in), name);
    for (const build::Warning& warning : syntax.warnings)
      err << "devenv: warning: " << name << ":" << warning.line << ": " << warning.rule << ": "
          << warning.message << '\n';
    for (const build::Node& node : syntax.nodes) {
      if (lines) out << node.first_line << '-' << node.last_line << ' ';
      out << build::dump(node) << '\n';
    }
  });
}

int debug_expand(const Arguments& args, std::istream&, std::ostream& out, std::ostream& err) {
  return run_verb("expand [--escape=C] [--env K=V]... WORD", err, [&] {
    const ExpandCall call = read_expand_call(args);
    out << build::process_word(call.word, call.variables, call.escape) << '\n';
  });
}

int debug_expand_words(const Arguments& args, std::istream&, std::ostream& out, std::ostream& err) {
  return run_verb("expand-words [--escape=C] [--env K=V]... WORD", err, [&] {
    const ExpandCall call = read_expand_call(args);
    for (const std::string& word : build::process_words(call.word, call.variables, call.escape))
      out << word << '\n';
  });
}

int debug_ignore_match(const Arguments& args, std::istream&, std::ostream& out, std::ostream& err) {
  return run_verb("ignore-match PATH PATTERN...", err, [&] {
    const Arguments operands = operands_of(args);
    if (operands.empty()) throw Misuse{"a PATH is needed"};
    const build::IgnoreRules rules(Arguments(operands.begin() + 1, operands.end()));
    out << (rules.ignored(operands[0]) ? "true" : "false") << '\n';
  });
}

int debug_path_match(const Arguments& args, std::istream&, std::ostream& out, std::ostream& err) {
  return run_verb("path-match PATTERN NAME", err, [&] {
    const Arguments operands = operands_of(args);
    if (operands.size() != 2) throw Misuse{"PATTERN and NAME are needed"};
    out << (build::path_match(operands[0], operands[1]) ? "true" : "false") << '\n';
  });
}

}  // namespace devenv::cli
