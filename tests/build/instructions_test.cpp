#include "runtime/build/instructions.h"

#include <devenv/error.h>
#include <gmock/gmock.h>

#include "runtime/build/flags.h"
#include "runtime/build/graph.h"
#include "runtime/build/lint.h"
#include "runtime/build/mount.h"

namespace devenv::build {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

Dockerfile read(const std::string& text) { return read_dockerfile(parse_dockerfile(text, "D"), "D"); }

std::string error_of(const std::string& text, const std::string& target = {}) {
  try {
    const Dockerfile dockerfile = read(text);
    plan_stages(dockerfile, expand_globals(dockerfile, {}), target);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::vector<std::string> rules_of(const std::string& text) {
  const Syntax syntax = parse_dockerfile(text, "D");
  const Dockerfile dockerfile = read_dockerfile(syntax, "D");
  std::vector<std::string> rules;
  for (const Warning& warning : lint(syntax, dockerfile, expand_globals(dockerfile, {})))
    rules.push_back(warning.rule);
  return rules;
}

TEST(Instructions, ErrorsNameThePlaceAndTheNearestName) {
  EXPECT_THAT(error_of("FROM a\nRUNN x\n"),
              AllOf(HasSubstr("D:2: unknown instruction: RUNN"), HasSubstr("RUN?")));
  EXPECT_THAT(error_of("FROM a\nCOPY --form=x a b\n"),
              AllOf(HasSubstr("unknown flag: --form"), HasSubstr("--from?")));
  EXPECT_THAT(error_of("FROM a\nCOPY --chown=1 --chown=2 a b\n"), HasSubstr("duplicate flag"));
  EXPECT_THAT(error_of("FROM a\nCOPY --from a b\n"), HasSubstr("missing a value on flag"));
  EXPECT_THAT(error_of("FROM a\nCOPY a\n"), HasSubstr("at least two arguments"));
  EXPECT_THAT(error_of("RUN x\nFROM a\n"), HasSubstr("D:1: no build stage"));
  EXPECT_THAT(error_of("ARG x\n"), HasSubstr("no build stage"));
  EXPECT_THAT(error_of("FROM a as 1b\n"), HasSubstr("invalid name for build stage"));
  EXPECT_THAT(error_of("FROM a\nSHELL bash\n"), HasSubstr("JSON form"));
  EXPECT_THAT(error_of("FROM a\nONBUILD FROM b\n"), HasSubstr("isn't allowed as an ONBUILD trigger"));
  EXPECT_THAT(error_of("FROM a\nONBUILD ONBUILD RUN b\n"), HasSubstr("chaining ONBUILD"));
  EXPECT_THAT(error_of("FROM a\nCOPY --from=$x a b\n"), HasSubstr("variables are not expanded"));
  EXPECT_THAT(error_of("FROM a\nHEALTHCHECK --interval=1us CMD x\n"), HasSubstr("less than 1ms"));
  EXPECT_THAT(error_of("FROM a\nRUN --security=insecure x\n"), HasSubstr("not allowed"));
}

TEST(Instructions, HealthcheckAndCopyAreTyped) {
  const Dockerfile dockerfile = read(
      "FROM a\nHEALTHCHECK --interval=1m30s --retries=3 CMD curl x\nCOPY --link --exclude=*.o <<A b "
      "/d/\nhi\nA\n");
  const auto& check = std::get<Healthcheck>(dockerfile.stages[0].instructions[0].value);
  EXPECT_THAT(check.test, ElementsAre("CMD-SHELL", "curl x"));
  EXPECT_EQ(check.interval_ns, 90000000000);
  const auto& copy = std::get<Copy>(dockerfile.stages[0].instructions[1].value);
  EXPECT_THAT(copy.sources, ElementsAre("b"));
  EXPECT_EQ(copy.files.at(0).content, "hi\n");
  EXPECT_TRUE(copy.link);
}

TEST(Flags, DurationsAndCsv) {
  EXPECT_EQ(parse_duration_ns("1.5s"), 1500000000);
  EXPECT_EQ(parse_duration_ns("0"), 0);
  EXPECT_THROW(parse_duration_ns("5"), Error);
  EXPECT_THROW(parse_duration_ns("5x"), Error);
  EXPECT_THAT(split_csv("a,\"b,\"\"c\",d"), ElementsAre("a", "b,\"c", "d"));
  EXPECT_THROW(split_csv("\"a"), Error);
}

TEST(Mount, ReadsFieldsAndRefusesEscapes) {
  const auto same = [](const std::string& text) { return text; };
  const auto mount = [&](const std::string& text) {
    MountFields fields;
    for (const std::string& field : split_csv(text)) {
      const std::size_t equals = field.find('=');
      fields.emplace_back(field.substr(0, equals),
                          equals == std::string::npos ? "" : field.substr(equals + 1));
    }
    return read_mount(fields, "/w", same);
  };
  EXPECT_EQ(mount("type=cache,target=c,mode=0700").target, "/w/c");
  EXPECT_EQ(mount("type=cache,target=/c").id, "/c");
  EXPECT_TRUE(mount("target=/x").read_only);
  EXPECT_FALSE(mount("target=/x,rw").read_only);
  EXPECT_EQ(mount("type=secret,id=k").target, "/run/secrets/k");
  EXPECT_EQ(mount("type=tmpfs,target=/t,size=2m").size_bytes, 2u << 20);
  EXPECT_THROW(mount("type=cache,target=/c,id=../x"), Error);
  EXPECT_THROW(mount("target=/"), Error);
  EXPECT_THROW(mount("type=bind"), Error);
  EXPECT_THROW(mount("type=nope,target=/x"), Error);
  EXPECT_THROW(mount("from=$x,target=/x"), Error);
  EXPECT_THROW(mount("target=/x,sorce=y"), Error);
}

TEST(Graph, OnlyNeededStagesInOrder) {
  const Dockerfile dockerfile = read(
      "ARG V=12\nFROM debian:$V AS Base\nFROM base AS unused\nFROM scratch\nCOPY --from=base a b\nCOPY "
      "--from=alpine:3 c d\n");
  const Graph graph = plan_stages(dockerfile, expand_globals(dockerfile, {}), "");
  EXPECT_THAT(graph.order, ElementsAre(0u, 2u));
  EXPECT_EQ(graph.stages[0].base.image, "debian:12");
  EXPECT_EQ(graph.stages[2].base.kind, Source::Kind::scratch);
  EXPECT_THAT(plan_stages(dockerfile, expand_globals(dockerfile, {{"V", "13"}}), "UNUSED").order,
              ElementsAre(0u, 1u));
}

TEST(Graph, CyclesAndUnknownTargetsAreErrors) {
  EXPECT_THAT(error_of("FROM x AS a\nCOPY --from=b f f\nFROM x AS b\nCOPY --from=a f f\n"),
              HasSubstr("circular dependency of stages: "));
  EXPECT_THAT(error_of("FROM x AS a\nCOPY --from=a f f\n"), HasSubstr("circular dependency"));
  EXPECT_THAT(error_of("FROM x AS build\n", "biuld"), AllOf(HasSubstr("no such stage"), HasSubstr("build?")));
  EXPECT_THAT(error_of("FROM x\nCOPY --from=1 a b\n"), HasSubstr("no earlier stage"));
  EXPECT_THAT(error_of("FROM $nope\n"), HasSubstr("should not be blank"));
}

TEST(Lint, GivesBuildKitsNames) {
  EXPECT_THAT(rules_of("FROM a AS Big\nCMD x\n"), ElementsAre("StageNameCasing", "JSONArgsRecommended"));
  EXPECT_THAT(rules_of("FROM a as b\nMAINTAINER x\n"), ElementsAre("FromAsCasing", "MaintainerDeprecated"));
  EXPECT_THAT(rules_of("FROM a\nENV a b\nenv PASSWORD=x\n"),
              ElementsAre("LegacyKeyValueFormat", "ConsistentInstructionCasing", "SecretsUsedInArgOrEnv"));
  EXPECT_THAT(rules_of("FROM a\nWORKDIR x\nCMD [\"a\"]\nCMD [\"b\"]\n"),
              ElementsAre("WorkdirRelativePath", "MultipleInstructionsDisallowed"));
  EXPECT_THAT(rules_of("FROM a AS x\nFROM b AS x\n"), ElementsAre("DuplicateStageName"));
  EXPECT_THAT(rules_of("FROM $x\n"), ElementsAre("UndefinedArgInFrom"));
  EXPECT_THAT(rules_of("# check=skip=MaintainerDeprecated\nFROM a\nMAINTAINER x\n"), ElementsAre());
  EXPECT_THAT(rules_of("FROM a\nRUN [ -f x ] && y\n"), ElementsAre());
}

TEST(Lint, ACurlyQuoteIsNamedWithItsLine) {
  const Syntax syntax = parse_dockerfile("FROM a\n\nRUN [\u201Cls\u201D]\n", "D");
  const Dockerfile dockerfile = read_dockerfile(syntax, "D");
  const auto warnings = lint(syntax, dockerfile, {});
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_THAT(show(warnings[0], "D"), AllOf(HasSubstr("D:3: JSONArgsRecommended"), HasSubstr("U+201C")));
}

}  // namespace
}  // namespace devenv::build
