#include "arguments.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cctype>
#include <cstdint>
#include <optional>

#include "suggest.h"

namespace devenv::cli {
namespace {

/// "run" of "run [flags] IMAGE": the words before the first placeholder.
std::string verb_of(const Syntax& syntax) {
  std::string verb;
  std::size_t at = 0;
  while (at < syntax.usage.size()) {
    const std::size_t end = std::min(syntax.usage.find(' ', at), syntax.usage.size());
    const std::string word = syntax.usage.substr(at, end - at);
    if (word.starts_with('[') || (!word.empty() && std::isupper(static_cast<unsigned char>(word[0])))) break;
    verb += (verb.empty() ? "" : " ") + word;
    at = end + 1;
  }
  return verb;
}

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

std::string spelling(const CLI::Option& option) {
  return option.get_lnames().empty() ? "-" + option.get_snames().front() : "--" + option.get_lnames().front();
}

/// Usage, description and one line per flag.
std::string help_text(const CLI::App& app, const Syntax& syntax) {
  std::string text = "Usage: devenv " + syntax.usage + "\n\n" + app.get_description() + "\n";
  std::vector<std::pair<std::string, std::string>> lines;
  std::size_t width = 0;
  for (const CLI::Option* option : app.get_options()) {
    std::string left = option->get_snames().empty() ? "    " : "-" + option->get_snames().front();
    if (!option->get_lnames().empty())
      left += (option->get_snames().empty() ? "--" : ", --") + option->get_lnames().front();
    if (takes_value(*option))
      left += " " + (option->get_type_name().empty() ? "VALUE" : option->get_type_name());
    width = std::max(width, left.size());
    lines.emplace_back(left, option->get_description());
  }
  if (!lines.empty()) text += "\nFlags:\n";
  for (const auto& [left, right] : lines)
    text += "  " + left + std::string(width - left.size() + 3, ' ') + right + "\n";
  return text;
}

/// One walk over the words of a verb.
class Walk {
 public:
  Walk(CLI::App& app, const Syntax& syntax, const Args& args) : app_(app), syntax_(syntax), args_(args) {}

  std::vector<std::string> operands() {
    while (at_ < args_.size()) {
      const std::string& word = args_[at_++];
      if (word == "--") {
        take_rest();
      } else if (word.size() > 2 && word.starts_with("--")) {
        long_flag(word.substr(2));
      } else if (word.size() > 1 && word[0] == '-') {
        short_flags(word);
      } else {
        operands_.push_back(word);
        if (syntax_.first_operand_ends_flags) take_rest();
      }
    }
    return std::move(operands_);
  }

 private:
  void take_rest() {
    operands_.insert(operands_.end(), args_.begin() + static_cast<std::ptrdiff_t>(at_), args_.end());
    at_ = args_.size();
  }

  void long_flag(const std::string& text) {
    const std::size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    if (name == "help") throw HelpRequested{help_text(app_, syntax_)};
    CLI::Option* option = app_.get_option_no_throw("--" + name);
    if (option == nullptr) throw unknown("--" + name);
    if (equals != std::string::npos) {
      const std::string value = text.substr(equals + 1);
      option->add_result(takes_value(*option) ? value : flag_value(*option, value));
    } else {
      give(*option, "--" + name);
    }
  }

  /// "-it", "-p80", "-p=80", "-p" "80".
  void short_flags(const std::string& word) {
    for (std::size_t i = 1; i < word.size(); ++i) {
      const std::string name = {'-', word[i]};
      CLI::Option* option = app_.get_option_no_throw(name);
      if (option == nullptr) throw unknown(word.size() == 2 ? name : name + "\" in \"" + word);
      if (takes_value(*option) && i + 1 < word.size()) {
        option->add_result(word.substr(word[i + 1] == '=' ? i + 2 : i + 1));
        return;
      }
      give(*option, name);
    }
  }

  void give(CLI::Option& option, const std::string& as_written) {
    if (!takes_value(option)) {
      option.add_result("true");
    } else if (at_ < args_.size()) {
      option.add_result(args_[at_++]);
    } else {
      throw UsageError("read " + as_written + ": it needs a value",
                       "write " + as_written + " VALUE, as in `" + hint_command() + "`");
    }
  }

  std::string flag_value(const CLI::Option& option, const std::string& value) const {
    for (const char* known : {"true", "false", "1", "0"})
      if (value == known) return value;
    throw UsageError("read " + spelling(option) + "=" + value + ": it is a switch",
                     "give it alone, or with =true or =false");
  }

  std::string hint_command() const { return "devenv " + verb_of(syntax_) + " --help"; }

  UsageError unknown(const std::string& flag) const {
    std::vector<std::string> known;
    for (const CLI::Option* option : app_.get_options())
      for (const auto& name : option->get_lnames()) known.push_back("--" + name);
    const auto near = nearest(flag, known);
    return UsageError("read \"" + flag + "\": devenv " + verb_of(syntax_) + " has no such flag",
                      (near ? "did you mean " + *near + "? " : "") + "see `" + hint_command() + "`");
  }

  CLI::App& app_;
  const Syntax& syntax_;
  const Args& args_;
  std::size_t at_ = 0;
  std::vector<std::string> operands_;
};

void check_count(const Syntax& syntax, const std::vector<std::string>& operands) {
  const std::string verb = verb_of(syntax);
  if (operands.size() < syntax.at_least)
    throw UsageError("read arguments of " + verb + ": " +
                         (operands.empty() ? "none given, " : std::to_string(operands.size()) + " given, ") +
                         "at least " + std::to_string(syntax.at_least) + " needed",
                     "usage: devenv " + syntax.usage);
  if (operands.size() > syntax.at_most)
    throw UsageError("read arguments of " + verb + ": \"" + operands[syntax.at_most] + "\" is one too many",
                     "usage: devenv " + syntax.usage);
}

void convert(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    if (option->count() == 0) continue;
    try {
      option->run_callback();
    } catch (const CLI::ParseError&) {
      const auto& values = option->results();
      // Strings take anything: what cannot be converted is a number.
      throw UsageError("read " + spelling(*option) + " \"" + values.back() + "\": not a number, or too large",
                       spelling(*option) + " " + option->get_type_name() + ": " + option->get_description());
    }
  }
}

}  // namespace

void Flags::Declared::type_name(const std::string& name) { option_->type_name(name); }

Flags::Flags(const std::string& description) : app_(std::make_unique<CLI::App>(description)) {
  app_->set_help_flag();  // CLI11's own takes -h, which docker's `run` has for --hostname
}

Flags::~Flags() = default;

void Flags::add_flag(const std::string& names, bool& value, const std::string& help) {
  app_->add_flag(names, value, help);
}

template <class T>
Flags::Declared Flags::add_option(const std::string& names, T& value, const std::string& help) {
  return Declared(app_->add_option(names, value, help));
}

template Flags::Declared Flags::add_option(const std::string&, std::string&, const std::string&);
template Flags::Declared Flags::add_option(const std::string&, std::optional<std::string>&,
                                           const std::string&);
template Flags::Declared Flags::add_option(const std::string&, int&, const std::string&);
template Flags::Declared Flags::add_option(const std::string&, std::int64_t&, const std::string&);
template Flags::Declared Flags::add_option(const std::string&, double&, const std::string&);

Flags::Declared Flags::add_list(const std::string& names, std::vector<std::string>& values,
                                const std::string& help) {
  // Without this CLI11 splits a value like "[a,b]" into its parts.
  return Declared(app_->add_option(names, values, help)->allow_extra_args(false));
}

std::vector<std::string> parse(Flags& flags, const Syntax& syntax, const Args& args) {
  CLI::App& app = flags.app();
  for (CLI::Option* option : app.get_options())
    if (option->get_items_expected_max() <= 1) option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  auto operands = Walk(app, syntax, args).operands();
  convert(app);
  check_count(syntax, operands);
  return operands;
}

}  // namespace devenv::cli
