// The .npy reader: what NumPy writes comes back byte for byte, everything else is refused with its
// reason.
#include "sim/routing/trace/npy.h"

#include <gtest/gtest.h>

#include "sim/base/file.h"
#include "sim/routing/trace/trace.h"

namespace switchyard {
namespace {

// A version 1.0 file with the given header text (unpadded) and data.
std::string File(const std::string& header, const std::string& data) {
  std::string bytes = "\x93NUMPY";
  bytes.append("\x01\x00", 2);
  bytes.push_back(static_cast<char>(header.size() & 0xff));
  bytes.push_back(static_cast<char>(header.size() >> 8));
  return bytes + header + data;
}

std::string ErrorOf(const std::string& bytes) {
  const auto array = ParseNpy(bytes, "a.npy");
  return array.ok() ? "accepted" : array.errors().front().ToString();
}

TEST(Npy, ReadsTheValuesOfEveryIntegerType) {
  const auto u1 = ParseNpy(File("{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }\n",
                                std::string("\x01\xff", 2)),
                           "a.npy");
  ASSERT_TRUE(u1.ok());
  EXPECT_EQ(u1.value().Integer(1), 255);
  const auto i4 = ParseNpy(
      File("{'descr': '<i4', 'fortran_order': False, 'shape': (1, 1), }\n", "\xff\xff\xff\xff"),
      "a.npy");
  ASSERT_TRUE(i4.ok());
  EXPECT_EQ(i4.value().Integer(0), -1);
  EXPECT_EQ(i4.value().shape, (std::vector<std::uint64_t>{1, 1}));
}

TEST(Npy, ReadsVersionTwoAndOtherKeyOrders) {
  const std::string header = "{\"shape\": (), 'fortran_order': False, 'descr': '<u2'}";
  std::string bytes = "\x93NUMPY";
  bytes.append("\x02\x00", 2);
  bytes.push_back(static_cast<char>(header.size()));
  bytes.append(3, '\0');
  const auto array = ParseNpy(bytes + header + "ab", "a.npy");
  ASSERT_TRUE(array.ok()) << ToString(array.errors());
  EXPECT_EQ(array.value().size(), 1U) << "a scalar has one element";
  EXPECT_EQ(array.value().Integer(0), 'a' + 256 * 'b');
}

TEST(Npy, WritesWhatItReads) {
  for (const NpyType type : {NpyType::kU1, NpyType::kU2, NpyType::kI2, NpyType::kI4, NpyType::kI8,
                             NpyType::kF2, NpyType::kF4, NpyType::kF8}) {
    for (const auto& shape :
         std::vector<std::vector<std::uint64_t>>{{}, {3}, {2, 3}, {2, 3, 4}, {0}}) {
      std::uint64_t count = 1;
      for (const std::uint64_t n : shape) count *= n;
      const NpyArray array{type, shape, std::string(count * ItemSize(type), 'x')};
      const std::string bytes = FormatNpy(array);
      // 10 bytes of prefix and the header fill a multiple of 64, as numpy.save writes it.
      EXPECT_EQ((bytes.size() - array.data.size()) % 64, 0U);
      const auto again = ParseNpy(bytes, "a.npy");
      ASSERT_TRUE(again.ok()) << ToString(again.errors());
      EXPECT_EQ(again.value().type, type);
      EXPECT_EQ(again.value().shape, shape);
      EXPECT_EQ(again.value().data, array.data);
    }
  }
}

TEST(Npy, FilesOfNumPyComeBackByteForByte) {
  const std::string folder = SWITCHYARD_SOURCE_DIR "/../shared/data/esft_deepseek_v2_lite/";
  for (const char* name : {"law.topk_ids.npy", "law.topk_weights.npy", "law.seq_len.npy"}) {
    const auto bytes = ReadFile(folder + name, std::size_t{1} << 26);
    if (!bytes.ok()) GTEST_SKIP() << "no recorded trace at " << folder;
    const auto array = ParseNpy(bytes.value(), name);
    ASSERT_TRUE(array.ok()) << ToString(array.errors());
    EXPECT_TRUE(FormatNpy(array.value()) == bytes.value()) << name;
  }
}

TEST(Npy, NumbersOfEveryType) {
  const std::uint16_t half = 0x3e00;  // binary16: 1.5
  const float single = -0.25F;
  const double wide = 1e300;
  const auto number = [](NpyType type, const auto& value) {
    const char* bytes = reinterpret_cast<const char*>(&value);
    return NpyArray{type, {1}, std::string(bytes, sizeof(value))}.Number(0);
  };
  EXPECT_EQ(number(NpyType::kF2, half), 1.5);
  EXPECT_EQ(number(NpyType::kF4, single), -0.25);
  EXPECT_EQ(number(NpyType::kF8, wide), 1e300);
  EXPECT_EQ(number(NpyType::kI8, std::int64_t{-7}), -7);
}

TEST(Npy, RefusesWhatItDoesNotRead) {
  const std::string rest = ", 'fortran_order': False, 'shape': (1,), }";
  EXPECT_EQ(ErrorOf("PK\x03\x04"), "a.npy: error: is not a .npy file (no \\x93NUMPY)");
  EXPECT_EQ(ErrorOf(File("{'descr': '>i4'" + rest, "abcd")),
            "a.npy: error: is big-endian ('>i4'); only little-endian arrays are read");
  EXPECT_EQ(ErrorOf(File("{'descr': '|O'" + rest, "abcd")),
            "a.npy: error: holds pickled Python objects ('|O'); they are never loaded");
  EXPECT_EQ(ErrorOf(File("{'descr': '<c8'" + rest, "abcdefgh")),
            "a.npy: error: has type '<c8'; allowed: |u1, <u2, <i2, <i4, <i8, <f2, <f4, <f8");
  EXPECT_EQ(ErrorOf(File("{'descr': [('x', '<i4')]" + rest, "abcd")),
            "a.npy: error: its .npy header describes a structured type; allowed: u1, u2, i2, i4, "
            "i8, f2, f4, f8");
  EXPECT_EQ(ErrorOf(File("{'descr': '<i4', 'fortran_order': True, 'shape': (1,), }", "abcd")),
            "a.npy: error: is in Fortran order; save it with numpy.ascontiguousarray");
  EXPECT_EQ(ErrorOf(File("{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }", "ab")),
            "a.npy: error: has 2 bytes of data where its shape needs 3");
  EXPECT_EQ(ErrorOf(File("{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }", "abcd")),
            "a.npy: error: has 4 bytes of data where its shape needs 3");
  EXPECT_EQ(ErrorOf(File("{'descr': '<i8', 'fortran_order': False, 'shape': "
                         "(999999999999999999, 999999999999999999), }",
                         "")),
            "a.npy: error: has a shape too large for any file");
}

TEST(Npy, SurvivesBrokenHeaders) {
  const std::string good = "{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }";
  for (std::size_t n = 0; n < good.size(); ++n) {
    EXPECT_NE(ErrorOf(File(good.substr(0, n), "a")), "accepted") << good.substr(0, n);
  }
  const std::string whole = File(good, "a");
  for (std::size_t n = 0; n < whole.size(); ++n) {
    EXPECT_NE(ErrorOf(whole.substr(0, n)), "accepted") << n << " bytes";
  }
  EXPECT_NE(ErrorOf(File("{'descr': '|u1', 'descr': '|u1'}", "a")), "accepted");
  EXPECT_NE(ErrorOf(File("{'descr': '|u1', 'fortran_order': False, 'shape': (-1,), }", "a")),
            "accepted");
  EXPECT_NE(ErrorOf(File("{'descr': '|u1', 'fortran_order': False, 'shape': (1,), } x", "a")),
            "accepted");
}

// Weights of a trace keep their bits, and it has formats of two and four bytes.
TEST(Npy, TracesTakeNoWeightsOfEightBytes) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(::testing::TempDir()) / "switchyard_npy_weights";
  const NpyArray ids{NpyType::kU1, {1, 1, 2}, std::string("\x00\x01", 2)};
  const NpyArray weights{NpyType::kF8, {1, 1, 2}, std::string(2 * sizeof(double), '\0')};
  ASSERT_TRUE(WriteFileAtomically(folder / "t.topk_ids.npy", FormatNpy(ids)).ok());
  ASSERT_TRUE(WriteFileAtomically(folder / "t.topk_weights.npy", FormatNpy(weights)).ok());
  const auto trace = LoadTrace(folder / "t.topk_ids.npy");
  fs::remove_all(folder);
  ASSERT_FALSE(trace.ok());
  EXPECT_NE(ToString(trace.errors()).find("holds <f8; allowed: <f2, <f4"), std::string::npos);
}

}  // namespace
}  // namespace switchyard
