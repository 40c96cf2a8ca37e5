#include "runtime/build/parser.h"

#include <devenv/error.h>
#include <gmock/gmock.h>

#include "runtime/build/json_form.h"
#include "runtime/build/text.h"

namespace devenv::build {
namespace {

using testing::HasSubstr;

std::string dump_all(const std::string& text) {
  std::string out;
  for (const Node& node : parse_dockerfile(text, "Dockerfile").nodes) out += dump(node) + "\n";
  return out;
}

std::string lines_of(const std::string& text) {
  std::string out;
  for (const Node& node : parse_dockerfile(text, "Dockerfile").nodes)
    out += std::to_string(node.first_line) + "-" + std::to_string(node.last_line) + " ";
  return out;
}

std::string error_of(const std::string& text) {
  try {
    dump_all(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Parser, DumpsEveryInstructionInBuildKitsForm) {
  EXPECT_EQ(dump_all("FROM a AS b\n"), "(from \"a\" \"AS\" \"b\")\n");
  EXPECT_EQ(dump_all("RUN echo  hi | x\n"), "(run \"echo  hi | x\")\n");
  EXPECT_EQ(dump_all("RUN [\"a\", \"b c\"]\n"), "(run \"a\" \"b c\")\n");
  EXPECT_EQ(dump_all("CMD []\n"), "(cmd)\n");
  EXPECT_EQ(dump_all("COPY --from=x --chown=1:2 a b /c/\n"),
            "(copy [\"--from=x\" \"--chown=1:2\"] \"a\" \"b\" \"/c/\")\n");
  EXPECT_EQ(dump_all("COPY -- --a b\n"), "(copy \"--a\" \"b\")\n");
  EXPECT_EQ(dump_all("VOLUME /a /b\n"), "(volume \"/a\" \"/b\")\n");
  EXPECT_EQ(dump_all("WORKDIR a b  \n"), "(workdir \"a b\")\n");
  EXPECT_EQ(dump_all("ARG a b=\"c d\"\n"), "(arg \"a\" \"b=\\\"c d\\\"\")\n");
  EXPECT_EQ(dump_all("HEALTHCHECK --interval=5s CMD curl x\n"),
            "(healthcheck [\"--interval=5s\"] \"CMD\" \"curl x\")\n");
  EXPECT_EQ(dump_all("HEALTHCHECK CMD [\"a\",\"b\"]\nHEALTHCHECK\n"),
            "(healthcheck \"CMD\" \"a\" \"b\")\n(healthcheck)\n");
  EXPECT_EQ(dump_all("foo bar\n"), "(foo \"\")\n");
  EXPECT_EQ(dump_all("ONBUILD COPY --from=x a b\n"), "(onbuild (copy [\"--from=x\"] \"a\" \"b\"))\n");
}

TEST(Parser, KeepsQuotesAndEscapesOfPairs) {
  EXPECT_EQ(dump_all("ENV a=\"b c\" d=e\\ f g='h'\n"),
            "(env \"a\" \"\\\"b c\\\"\" \"=\" \"d\" \"e\\\\ f\" \"=\" \"g\" \"'h'\" \"=\")\n");
  EXPECT_EQ(dump_all("ENV a b c=d\n"), "(env \"a\" \"b c=d\" \"\")\n");
  EXPECT_EQ(dump_all("LABEL a=\n"), "(label \"a\" \"\" \"=\")\n");
  EXPECT_THAT(error_of("FROM x\nENV FOO\n"), HasSubstr("Dockerfile:2: ENV must have two arguments"));
  EXPECT_THAT(error_of("ENV a=b c\n"), HasSubstr("can't find = in \"c\""));
}

TEST(Parser, JoinsLinesAndDropsCommentsInside) {
  EXPECT_EQ(dump_all("RUN a \\\n  # no\n\n  b \\  \n c\n"), "(run \"a   b  c\")\n");
  EXPECT_EQ(dump_all("RUN a \\\\\nRUN b\n"), "(run \"a \\\\\\\\\")\n(run \"b\")\n");
  EXPECT_EQ(dump_all("# escape=`\nRUN a `\nb \\\nRUN c\n"), "(run \"a b \\\\\")\n(run \"c\")\n");
  EXPECT_EQ(dump_all("\xEF\xBB\xBF"
                     "FROM a\r\nRUN b \\\r\n c\r\n"),
            "(from \"a\")\n(run \"b  c\")\n");
  EXPECT_EQ(lines_of("# x\nFROM a\n\nRUN b \\\n c\nRUN <<E\n1\nE\n"), "2-2 4-5 6-8 ");
  const Syntax syntax = parse_dockerfile("FROM a\nRUN b \\\n\n c\n", "f");
  ASSERT_EQ(syntax.warnings.size(), 1u);
  EXPECT_EQ(syntax.warnings[0].rule, "NoEmptyContinuation");
}

TEST(Parser, DirectivesOnlyAtTheTopAndOnce) {
  EXPECT_EQ(parse_dockerfile("# syntax=x\n# escape=`\nFROM a\n", "f").escape, '`');
  EXPECT_EQ(parse_dockerfile("\n# escape=`\nFROM a\n", "f").escape, '\\');
  EXPECT_EQ(parse_dockerfile("# hello\n# escape=`\nFROM a\n", "f").escape, '\\');
  EXPECT_EQ(parse_dockerfile("#EsCaPe = `\nFROM a\n", "f").escape, '`');
  EXPECT_THAT(error_of("# escape=`\n# escape=`\nFROM a\n"), HasSubstr("only one escape parser directive"));
  EXPECT_THAT(error_of("# escape=x\nFROM a\n"), HasSubstr("invalid escape token 'x'"));
  EXPECT_EQ(parse_dockerfile("# check=skip=all;error=true\nFROM a\n", "f").directives[0].value,
            "skip=all;error=true");
}

TEST(Parser, ADirectiveOfBlanksAloneHasABlankAsItsValue) {
  EXPECT_THAT(error_of("# escape = \nFROM a\n"), HasSubstr("invalid escape token ' '"));
  EXPECT_EQ(parse_dockerfile("# escape=\nFROM a\n", "f").directives.size(), 0u);
}

TEST(Parser, NamesAreLowerCaseAsInGo) {
  EXPECT_EQ(dump_all("F\u00C9\u0416O x\n"), "(f\u00E9\u0436o \"\")\n");
  EXPECT_EQ(dump_all("foo\xFF\n"), "(foo\uFFFD \"\")\n");
  EXPECT_EQ(dump_all("WOR\u212ADIR x\n"), "(workdir \"x\")\n");  // the Kelvin sign
  EXPECT_EQ(dump_all("HEALTHCHECK --\x85x\n"), "(healthcheck)\n");
}

TEST(Parser, LongLinesAreRefusedAsDockerDoes) {
  const std::string longest = "RUN " + std::string(65531, 'x');
  EXPECT_EQ(parse_dockerfile(longest + "\nFROM a\n", "f").nodes.size(), 2u);
  EXPECT_THAT(error_of("FROM a\n" + longest + "x\n"),
              HasSubstr("Dockerfile:2: dockerfile line greater than max allowed size of 65535"));
  EXPECT_THAT(error_of("RUN <<E\n" + longest + "x\nE\n"), HasSubstr("Dockerfile:2: dockerfile line greater"));
  std::string joined = "RUN a";
  for (int i = 0; i < 20000; ++i) joined += " \\\n  word";
  EXPECT_EQ(parse_dockerfile(joined, "f").nodes[0].original.size(), 5u + 20000 * 7);
}

TEST(Parser, ReadsHeredocs) {
  const Syntax syntax =
      parse_dockerfile("RUN <<-A cat <<\"B C\" 3<<D\n\tx\n\tA\ny\nB C\nz\nD\nFROM q\n", "f");
  ASSERT_EQ(syntax.nodes.size(), 2u);
  const auto& heredocs = syntax.nodes[0].heredocs;
  ASSERT_EQ(heredocs.size(), 3u);
  EXPECT_EQ(heredocs[0].content, "\tx\n");
  EXPECT_TRUE(heredocs[0].chomp && heredocs[0].expand);
  EXPECT_EQ(heredocs[1].name, "B C");
  EXPECT_FALSE(heredocs[1].expand);
  EXPECT_EQ(heredocs[2].fd, 3u);
  EXPECT_EQ(dump_all("COPY <<EOF /x\na\nEOF\n"), "(copy \"<<EOF\" \"/x\")\n");
  EXPECT_EQ(dump_all("ONBUILD RUN <<EOF\na\nEOF\n"), "(onbuild (run \"<<EOF\"))\n");
  EXPECT_EQ(dump_all("CMD <<EOF\nRUN a\n"), "(cmd \"<<EOF\")\n(run \"a\")\n");
  EXPECT_EQ(dump_all("RUN [\"<<EOF\"]\n"), "(run \"<<EOF\")\n");
  EXPECT_THAT(error_of("FROM a\nRUN <<EOF\nx\n"), HasSubstr("Dockerfile:2: unterminated heredoc"));
  EXPECT_EQ(chomp_tabs("\t\ta\n\tb\t\n c"), "a\nb\t\n c");
}

TEST(Parser, BrokenJsonIsPlainTextAndNonStringsAreAnError) {
  EXPECT_EQ(dump_all("CMD ['a']\n"), "(cmd \"['a']\")\n");
  EXPECT_EQ(dump_all("COPY [\"a\" b\n"), "(copy \"[\\\"a\\\"\" \"b\")\n");
  EXPECT_THAT(error_of("CMD [\"a\", 1]\n"), HasSubstr("comprised of strings only"));
  EXPECT_THAT(error_of("COPY [null]\n"), HasSubstr("comprised of strings only"));
  EXPECT_EQ(read_json_form("[\"\\ud83d\\ude00\\u00e9\"]").elements[0], "\xF0\x9F\x98\x80\xC3\xA9");
  const std::string curly = "[\u201Ca\u201D]";
  const JsonForm form = read_json_form(curly);
  EXPECT_EQ(form.kind, JsonForm::Kind::broken);
  EXPECT_THAT(explain_broken_json(curly, form.offset), HasSubstr("character 2 is '\u201C' (U+201C)"));
}

TEST(Parser, RefusesAnEmptyFile) {
  EXPECT_THAT(error_of(""), HasSubstr("file with no instructions"));
  EXPECT_THAT(error_of("# only a comment\n\n"), HasSubstr("file with no instructions"));
}

TEST(Text, QuotesAsGoDoes) {
  EXPECT_EQ(quote("a\"\\\n\t\x01"), "\"a\\\"\\\\\\n\\t\\x01\"");
  EXPECT_EQ(quote("\xC2\xA0\xC3\xA9\xFF"), "\"\\u00a0\xC3\xA9\\xff\"");
  EXPECT_EQ(quote(std::string_view("\0", 1)), "\"\\x00\"");
  // Printable are assigned letters, marks, numbers, punctuation and symbols: no other blanks, no formats.
  EXPECT_EQ(quote("\U0001F680\u0301\u4E16"), "\"\U0001F680\u0301\u4E16\"");
  EXPECT_EQ(quote("\u0378\u200B\uE000\uFEFF\U000E0001"), "\"\\u0378\\u200b\\ue000\\ufeff\\U000e0001\"");
}

}  // namespace
}  // namespace devenv::build
