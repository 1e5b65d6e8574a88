#include "sim/base/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

namespace switchyard {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLimit = 1000;

// A folder of its own for each test, removed afterwards.
class FileTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              ("switchyard_file_test_" + std::to_string(::getpid()) + "_" +
               testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] std::size_t NumEntries() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }
  static std::string MessageOf(const Result<std::string>& result) {
    return result.ok() ? "(no error)" : ToString(result.errors());
  }

  fs::path folder_;
};

TEST_F(FileTest, ReadsBackEveryByte) {
  std::string all_bytes(256, '\0');
  for (std::size_t i = 0; i < all_bytes.size(); ++i) all_bytes[i] = static_cast<char>(i);
  const fs::path path = folder_ / "new" / "folder" / "bytes";
  ASSERT_TRUE(WriteFileAtomically(path, all_bytes).ok());
  const Result<std::string> read = ReadFile(path, kLimit);
  ASSERT_TRUE(read.ok()) << MessageOf(read);
  EXPECT_EQ(read.value(), all_bytes);
}

TEST_F(FileTest, TheSizeLimitIsInclusive) {
  const fs::path path = folder_ / "file";
  ASSERT_TRUE(WriteFileAtomically(path, std::string(kLimit, 'x')).ok());
  EXPECT_TRUE(ReadFile(path, kLimit).ok());
  const Result<std::string> read = ReadFile(path, kLimit - 1);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(MessageOf(read), path.string() + ": error: has 1000 bytes; at most 999 are read\n");
}

TEST_F(FileTest, ASparseFileOfATerabyteIsRefusedBeforeMemoryIsTaken) {
  const fs::path path = folder_ / "sparse";
  ASSERT_TRUE(WriteFileAtomically(path, "").ok());
  std::error_code error;
  fs::resize_file(path, std::uintmax_t{1} << 40, error);
  if (error) GTEST_SKIP() << "this file system has no sparse files: " << error.message();
  EXPECT_FALSE(ReadFile(path, kLimit).ok());
}

TEST_F(FileTest, SaysWhyAFileCannotBeRead) {
  EXPECT_NE(MessageOf(ReadFile(folder_ / "absent", kLimit)).find("no such file"),
            std::string::npos);
  EXPECT_NE(MessageOf(ReadFile(folder_, kLimit)).find("is not a regular file"), std::string::npos);
  EXPECT_FALSE(ReadFile("/dev/zero", kLimit).ok()) << "an endless device must not be read";
}

TEST_F(FileTest, WithoutCommitTheOldContentStaysAndNothingIsLeft) {
  const fs::path path = folder_ / "result.json";
  ASSERT_TRUE(WriteFileAtomically(path, "old").ok());
  {
    AtomicFile file(path);
    file.stream() << "half of the new";
    file.stream().flush();
    EXPECT_EQ(NumEntries(), 2U) << "the old file and the temporary one";
  }
  EXPECT_EQ(ReadFile(path, kLimit).value(), "old");
  EXPECT_EQ(NumEntries(), 1U);
}

TEST_F(FileTest, CommitReplacesTheOldContent) {
  const fs::path path = folder_ / "result.json";
  ASSERT_TRUE(WriteFileAtomically(path, "old and longer").ok());
  AtomicFile file(path);
  file.stream() << "new";
  ASSERT_TRUE(file.Commit().ok());
  EXPECT_EQ(ReadFile(path, kLimit).value(), "new");
  EXPECT_EQ(NumEntries(), 1U);
}

TEST_F(FileTest, AFailedWriteIsReportedAndLeavesNothing) {
  // The target is a folder that is not empty: the rename at the end fails.
  const fs::path occupied = folder_ / "occupied";
  fs::create_directories(occupied / "content");
  const Result<void> onto_folder = WriteFileAtomically(occupied, "text");
  ASSERT_FALSE(onto_folder.ok());
  EXPECT_NE(ToString(onto_folder.errors()).find("cannot be written"), std::string::npos);
  EXPECT_EQ(NumEntries(), 1U);

  // A parent that is a file: no folder can be made there.
  ASSERT_TRUE(WriteFileAtomically(folder_ / "plain", "text").ok());
  EXPECT_FALSE(WriteFileAtomically(folder_ / "plain" / "below", "text").ok());
  EXPECT_EQ(NumEntries(), 2U);
}

TEST_F(FileTest, AFullDiskIsReported) {
  // Writing to the stream fails as it does when the disk is full: the bad state must reach Commit.
  const fs::path path = folder_ / "result.json";
  {
    AtomicFile file(path);
    file.stream() << "some";
    file.stream().setstate(std::ios::badbit);
    EXPECT_FALSE(file.Commit().ok());
  }
  EXPECT_EQ(NumEntries(), 0U);
}

TEST_F(FileTest, FinishedFilesShowOnlyWhenCommitted) {
  const fs::path path = folder_ / "result.json";
  {
    AtomicFile file(path);
    file.stream() << "text";
    ASSERT_TRUE(file.Finish().ok());
    EXPECT_FALSE(fs::exists(path));
    ASSERT_TRUE(file.Commit().ok());
  }
  EXPECT_EQ(ReadFile(path, kLimit).value(), "text");
  {
    AtomicFile file(path);
    file.stream() << "never wanted";
    ASSERT_TRUE(file.Finish().ok());
  }
  EXPECT_EQ(ReadFile(path, kLimit).value(), "text");
  EXPECT_EQ(NumEntries(), 1U);
}

TEST_F(FileTest, APipeIsWrittenIntoAndStaysOne) {
  const fs::path pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::string received;
  std::thread reader([&] { std::getline(std::ifstream(pipe), received, '\0'); });
  EXPECT_TRUE(WriteFileAtomically(pipe, "through the pipe").ok());
  reader.join();
  EXPECT_EQ(received, "through the pipe");
  EXPECT_TRUE(fs::is_fifo(pipe));
  EXPECT_EQ(NumEntries(), 1U);
}

TEST_F(FileTest, ADeviceStaysADevice) {
  // Through a link: were it replaced, only the link would be lost, not the machine's /dev/null.
  const fs::path link = folder_ / "null";
  fs::create_symlink("/dev/null", link);
  EXPECT_TRUE(WriteFileAtomically(link, "nothing").ok());
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  EXPECT_EQ(NumEntries(), 1U);
  fs::create_symlink("/dev/full", folder_ / "full");
  if (!fs::is_character_file(folder_ / "full")) GTEST_SKIP() << "there is no /dev/full";
  EXPECT_FALSE(WriteFileAtomically(folder_ / "full", "nothing").ok()) << "the disk is full";
}

TEST_F(FileTest, ALinkKeepsPointingAndItsTargetIsReplaced) {
  fs::create_directories(folder_ / "runs");
  const fs::path link = folder_ / "latest";
  fs::create_symlink("runs/1.json", link);
  EXPECT_EQ(LinkTarget(link), folder_ / "runs/1.json");
  for (const std::string text : {"where nothing was", "over what was there"}) {
    ASSERT_TRUE(WriteFileAtomically(link, text).ok());
    EXPECT_TRUE(fs::is_symlink(link));
    EXPECT_EQ(ReadFile(folder_ / "runs/1.json", kLimit).value(), text);
  }
  fs::create_symlink("loop", folder_ / "loop");
  EXPECT_FALSE(WriteFileAtomically(folder_ / "loop", "text").ok());
  EXPECT_EQ(NumEntries(), 3U) << "runs, latest, loop";
}

}  // namespace
}  // namespace switchyard
