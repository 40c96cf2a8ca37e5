// Only the table: the verbs themselves stand in debug_*.h, next to nothing but what builds and runs use.
#include <algorithm>
#include <iostream>
#include <sstream>

#include "adapters/cli/arguments.h"
#include "adapters/cli/debug_dockerfile.h"
#include "adapters/cli/debug_reference.h"
#include "adapters/cli/debug_store.h"
#include "adapters/cli/suggest.h"
#include "verbs.h"

namespace devenv::cli {
namespace {

struct DebugVerb {
  const char* name;
  const char* arguments;
  const char* summary;
  int (*run)(const Context&, const Args&, std::ostream& out, std::ostream& err);
  const char* flags = "";  ///< of --help, a line each
};

/// Those of the builder and the registry read and write streams.
template <int (*Verb)(const Args&, std::istream&, std::ostream&, std::ostream&)>
int streamed(const Context&, const Args& args, std::ostream& out, std::ostream& err) {
  return Verb(args, std::cin, out, err);
}

constexpr const char* kExpandFlags =
    "  --escape=C    The escape character (\\)\n"
    "  --env K=V     A variable as the word sees it; may be given several times\n";

constexpr DebugVerb kVerbs[] = {
    {"dockerfile-ast", "[--lines] FILE", "The syntax of a Dockerfile, one line an instruction",
     streamed<debug_dockerfile_ast>, "  --lines    The line each instruction begins at, before it\n"},
    {"expand", "[--escape=C] [--env K=V]... WORD", "A word after expansion, quotes removed",
     streamed<debug_expand>, kExpandFlags},
    {"expand-words", "[--escape=C] [--env K=V]... WORD", "The words it splits into, one a line",
     streamed<debug_expand_words>, kExpandFlags},
    {"ignore-match", "PATH PATTERN...", "Whether .dockerignore patterns leave a path out",
     streamed<debug_ignore_match>},
    {"path-match", "PATTERN NAME", "Whether a COPY or ADD wildcard matches a name",
     streamed<debug_path_match>},
    {"reference", "REF", "An image reference in its parts, as JSON", streamed<debug_reference>},
    {"apply-layer", "DIR < layer.tar", "Apply a layer to a directory, as unpacking does",
     [](const Context& context, const Args& args, std::ostream&, std::ostream& err) {
       return debug_apply_layer(args, context.console.in, err);
     }},
    {"diff-layer", "LOWER UPPER > layer.tar", "The layer that turns one directory into another",
     [](const Context& context, const Args& args, std::ostream&, std::ostream& err) {
       return debug_diff_layer(args, context.console.out, err);
     }},
    {"chain-id", "DIFFID...", "The chain ID of layers, the lowest first",
     [](const Context&, const Args& args, std::ostream& out, std::ostream& err) {
       return debug_chain_id(args, out, err);
     }},
};

std::string usage_line(const DebugVerb& verb) {
  return std::string("devenv debug ") + verb.name + " " + verb.arguments;
}

std::string help() {
  std::string text =
      "Usage: devenv debug VERB [ARG...]\n\nWhat builds and runs use, shown. FILE may be - for standard "
      "input; what follows -- is an\noperand even if it begins with -.\n\n";
  for (const DebugVerb& verb : kVerbs)
    text += "  " + usage_line(verb).substr(7) + "\n      " + verb.summary + "\n";
  return text;
}

}  // namespace

int run_debug(Context& context, const Args& args) {
  if (args.empty() || args[0] == "--help") throw HelpRequested{help()};
  const auto verb =
      std::find_if(std::begin(kVerbs), std::end(kVerbs), [&](const auto& v) { return args[0] == v.name; });
  if (verb == std::end(kVerbs)) {
    std::vector<std::string> known;
    for (const DebugVerb& each : kVerbs) known.emplace_back(each.name);
    const auto near = nearest(args[0], known);
    throw UsageError("read \"" + args[0] + "\": devenv debug has no such verb",
                     (near ? "did you mean " + *near + "? " : "") + "see `devenv debug --help`");
  }
  const Args rest(args.begin() + 1, args.end());
  if (rest == Args{"--help"})
    throw HelpRequested{"Usage: " + usage_line(*verb) + "\n\n" + verb->summary + ".\n" +
                        (*verb->flags == '\0' ? "" : std::string("\nFlags:\n") + verb->flags)};
  std::ostringstream out, err;
  const int code = verb->run(context, rest, out, err);
  context.console.print(out.str());
  context.console.warn(err.str());
  return code;
}

}  // namespace devenv::cli
