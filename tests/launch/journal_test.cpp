#include "runtime/launch/journal.h"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace devenv::launch {
namespace {

using Kind = JournalEntry::Kind;

TEST(Journal, KeepsWhatWasNotErased) {
  const test::TempDir dir;
  Journal journal(dir / "journal");
  journal.add({Kind::cgroup, "/sys/fs/cgroup/devenv/a"});
  journal.add({Kind::scratch, "/store/sessions/a"});
  journal.erase({Kind::cgroup, "/sys/fs/cgroup/devenv/a"});
  EXPECT_EQ(parse_journal(test::slurp(dir / "journal")),
            (std::vector<JournalEntry>{{Kind::scratch, "/store/sessions/a"}}));
}

TEST(Journal, IgnoresACutLineAndStrangeOnes) {
  EXPECT_EQ(
      parse_journal("+cgroup /x/devenv/a\n+host /etc\nrubbish\n\n+scratch relative\n+scratch /store/sess"),
      (std::vector<JournalEntry>{{Kind::cgroup, "/x/devenv/a"}}));
}

TEST(Journal, SweepsOnlyTheSessionsOwn) {
  EXPECT_TRUE(may_sweep({Kind::cgroup, "/sys/fs/cgroup/devenv/0123"}, "0123"));
  EXPECT_TRUE(may_sweep({Kind::scratch, "/var/lib/devenv/sessions/0123"}, "0123"));
  EXPECT_TRUE(may_sweep({Kind::cgroup, "/sys/fs/cgroup/devenv/detached-0123456789abcdef"}, "detached"));
  EXPECT_FALSE(may_sweep({Kind::cgroup, "/sys/fs/cgroup/devenv/detached-0123456789abcdef"}, "0123"));
  EXPECT_FALSE(may_sweep({Kind::cgroup, "/sys/fs/cgroup/devenv/detached"}, "detached"))
      << "all users have one";
  for (const char* path :
       {"/", "/etc", "/var/lib/devenv", "/var/lib/devenv/sessions", "/var/lib/devenv/sessions/4567",
        "/x/../sessions/0123", "sessions/0123", "/sessions/0123"})
    EXPECT_FALSE(may_sweep({Kind::scratch, path}, "0123")) << path;
  EXPECT_FALSE(may_sweep({Kind::cgroup, "/var/lib/devenv/sessions/0123"}, "0123"));
  EXPECT_FALSE(may_sweep({Kind::scratch, "/var/sessions/"}, ""));
  EXPECT_FALSE(may_sweep({Kind::scratch, "/var/sessions/."}, "."));
}

TEST(Journal, PathsWithNewlinesAreRefused) {
  const test::TempDir dir;
  Journal journal(dir / "journal");
  EXPECT_THROW(journal.add({Kind::scratch, "/a\n+scratch /etc"}), Error);
}

}  // namespace
}  // namespace devenv::launch
