// Mistakes in a Dockerfile, in the context around it and on the build's command line.
#include "mistakes.h"

namespace devenv::errors {
namespace {

using testing::HasSubstr;

class DockerfileMistakes : public Mistakes {
 protected:
  /// What a build of this Dockerfile says last, without "devenv: " and the Dockerfile's path.
  static std::string complaint(const std::string& dockerfile) {
    const std::string where = context("mistake", dockerfile);
    const auto built = devenv({"build", "--progress", "quiet", where});
    EXPECT_EQ(built.exit_code, 1) << dockerfile;
    std::string text = built.errors;
    if (text.ends_with('\n')) text.pop_back();
    for (const std::string& known : {std::string("devenv: "), where + "/Dockerfile"})
      if (text.starts_with(known)) text.erase(0, known.size());
    return text;
  }
};

TEST_F(DockerfileMistakes, AContextOrFileThatIsNotThere) {
  const std::string empty = directory("empty"), file = context("whole", "FROM small\n") + "/Dockerfile";
  expect({{"build", empty + "/no"},
          1,
          "build " + empty +
              "/no: no such file or directory; the last argument is the context directory, as in "
              "`devenv build -t app .`"});
  expect({{"build", file},
          125,
          "build " + file +
              ": it is not a directory; the last argument is the context directory; a Dockerfile is named "
              "with -f"});
  expect({{"build", empty},
          1,
          "read Dockerfile: no such file; looked for " + empty + "/Dockerfile and " + empty +
              "/dockerfile; create one, "
              "or name it with -f"});
  expect({{"build", "-f", "/no/such", empty},
          1,
          "read Dockerfile: no such file; looked for /no/such; check the path given with -f"});
  expect({{"build", "-f", empty, empty},
          1,
          "read " + empty + ": is a directory; a Dockerfile is a file; name the right one with -f"});
  expect({{"build", "-t", "Bad Tag", dir() + "/whole"},
          1,
          "parse image reference \"Bad Tag\": the repository name must be lower case; references look like "
          "[host[:port]/]name[:tag][@digest], a digest is sha256: and 64 hexadecimal digits"});
  expect({{"build", "--target", "nosuch", dir() + "/whole"},
          1,
          "build target nosuch: no such stage in " + file +
              "; no stage has a name; give one with FROM … AS name"});
  expect({{"build", "--secret", "id=key,src=/no/such", dir() + "/whole"},
          1,
          "read secret key from /no/such: no such file or directory; check the file given with --secret "
          "id=NAME,src=FILE"});
}

TEST_F(DockerfileMistakes, Instructions) {
  EXPECT_EQ(complaint("FROM small\nRUM true\n"), ":2: unknown instruction: RUM; did you mean RUN?");
  EXPECT_EQ(complaint("FROM small\n\n\x1b[31mXYZZY a\n"), ":3: unknown instruction: \\x1b[31mXYZZY");
  EXPECT_EQ(complaint("FROM small\nCOPY --chwon=1 a b\n"),
            ":2: unknown flag: --chwon; did you mean --chown?");
  EXPECT_EQ(complaint(""), ":1: file with no instructions; begin with FROM and an image");
  EXPECT_EQ(
      complaint("RUN true\n"),
      ":1: no build stage in current context: RUN before FROM; begin with FROM; only ARG may come before it");
  EXPECT_EQ(complaint("FROM small\nENV FOO\n"), ":2: ENV must have two arguments; write ENV FOO=value");
  EXPECT_EQ(complaint("FROM small\nRUN <<EOF\ntrue\n"),
            ":2: unterminated heredoc <<EOF; end it with a line that holds only EOF");
  EXPECT_EQ(complaint("FROM small\nSTOPSIGNAL SIGFOO\n"),
            ":2: STOPSIGNAL SIGFOO: no such signal; as in SIGTERM, HUP or 9");
  const std::string binary("FROM small\n\0\x7f", 13);
  EXPECT_EQ(complaint(binary),
            "read Dockerfile " + dir() +
                "/mistake/Dockerfile: it holds binary data; a Dockerfile is a text of instructions, "
                "the first FROM; name the right file with -f");
}

TEST_F(DockerfileMistakes, NumbersThatAreTooLarge) {
  const std::string huge(40, '9');
  EXPECT_EQ(complaint("FROM small\nHEALTHCHECK --interval=" + huge + "s CMD x\n"),
            ":2: invalid duration \"" + huge + "s\": too long");
  EXPECT_EQ(complaint("FROM small\nHEALTHCHECK --retries=" + huge + " CMD x\n"),
            ":2: --retries=" + huge + " is not a number from 0 on");
  EXPECT_EQ(complaint("FROM small\nEXPOSE " + huge + "\n"),
            ":2: invalid containerPort: " + huge + "; write EXPOSE 8080, 53/udp or 8000-8010/tcp");
  EXPECT_EQ(complaint("FROM small\nCOPY --chmod=" + huge + " Dockerfile /\n"),
            ":2: invalid --chmod=" + huge + "; use octal digits, as in --chmod=755");
  EXPECT_THAT(complaint("FROM small\nUSER " + huge + "\nRUN true\n"), HasSubstr("2147483647"));
  EXPECT_THAT(complaint("FROM small\nRUN --mount=type=tmpfs,target=/x,size=" + huge + " true\n"),
              HasSubstr(":2: "));
  expect({{"build", "--build-arg", "SOURCE_DATE_EPOCH=" + huge, context("mistake", "FROM small\nRUN true\n")},
          1,
          "read build argument SOURCE_DATE_EPOCH=" + huge + ": not a number of seconds"});
}

TEST_F(DockerfileMistakes, Stages) {
  EXPECT_EQ(complaint("FROM small AS a\nCOPY --from=b /x /\nFROM small AS b\nCOPY --from=a /x /\n"),
            ":3: circular dependency of stages: b -> a -> b; a stage can only take files from stages that do "
            "not need "
            "it");
  EXPECT_EQ(complaint("FROM small AS a\nCOPY --from=a /x /\n"),
            ":1: circular dependency of stages: a -> a; a stage can only take files from stages that do not "
            "need it");
}

TEST_F(DockerfileMistakes, ASourceThatIsNotThere) {
  const std::string where = directory("mistake");
  replace_file(where + "/source.txt", "");
  replace_file(where + "/a.log", "");
  const std::string tail = " (build context: " + where + ")";
  EXPECT_EQ(complaint("FROM small\nCOPY sorce.txt /\n"),
            ":2: COPY: \"/sorce.txt\": not found; did you mean source.txt?" + tail);
  EXPECT_EQ(complaint("FROM small\nCOPY *.c /\n"),
            ":2: COPY: nothing matches \"/*.c\"; there is: Dockerfile a.log source.txt" + tail);
  EXPECT_EQ(complaint("FROM small\nCOPY ../../etc/shadow /\n"),
            ":2: COPY: \"/etc/shadow\": not found; its directory does not exist or is empty; paths cannot "
            "leave the build "
            "context" +
                tail);
  replace_file(where + "/.dockerignore", "*.log\n");
  EXPECT_EQ(complaint("FROM small\nCOPY a.log /\n"),
            ":2: COPY: \"/a.log\": not found: it is hidden by the .dockerignore pattern \"*.log\"; remove "
            "the pattern or "
            "add !a.log" +
                tail);
  EXPECT_EQ(complaint("FROM small AS a\nFROM small\nCOPY --from=a /nosuch /\n"),
            ":3: COPY --from=a: \"/nosuch\": not found; there is: bin etc tmp www");
  remove_tree(where);
}

TEST_F(DockerfileMistakes, AStepThatFails) {
  EXPECT_EQ(complaint("FROM small\nRUN echo before; exit 7\n"),
            ":2: RUN echo before; exit 7: the command exited with code 7\nlast output:\n  before");
  EXPECT_EQ(
      complaint("FROM small\nRUN no-such\n"),
      ":2: RUN no-such: the command exited with code 127; a command in it was not found in the image\nlast "
      "output:\n  /bin/sh: no-such: not found");
  EXPECT_EQ(complaint("FROM small\nRUN [\"no-such\"]\n"),
            ":2: RUN [\"no-such\"]: execute \"no-such\": not found in the container's PATH; a script's #! "
            "line or a "
            "dynamic loader that is missing reads the same");
  EXPECT_EQ(complaint("FROM small\nRUN kill -9 $$\n"),
            ":2: RUN kill -9 $$: the command was killed by SIGKILL");
  EXPECT_EQ(complaint("FROM small\nUSER eve\nRUN true\n"),
            ":3: resolve user \"eve\": no such user in the image's /etc/passwd; name a user and group the "
            "image has, or "
            "give numbers, as in 1000:1000");
  EXPECT_EQ(complaint("FROM small\nCOPY --chown=eve Dockerfile /\n"),
            ":2: COPY: user \"eve\" is not in the image's /etc/passwd; create it first, or give its number");
}

}  // namespace
}  // namespace devenv::errors
