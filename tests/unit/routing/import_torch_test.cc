// The restricted reader of torch.save files: data of tensors and nothing else. The pickles are
// written here operation by operation, as pickletools shows those of torch 2.15.
#include <gtest/gtest.h>

#include "sim/routing/trace/import/pickle.h"
#include "sim/routing/trace/import/torch_pickle.h"
#include "tests/unit/routing/import_helpers.h"

namespace switchyard::testing {
namespace {

const std::string kStart("\x80\x02", 2);

std::string Text(const std::string& text) {
  const auto length = static_cast<std::uint32_t>(text.size());
  return "X" + std::string(reinterpret_cast<const char*>(&length), sizeof(length)) + text;
}
std::string Int(int value) {
  return "J" + std::string(reinterpret_cast<const char*>(&value), sizeof(value));
}
std::string Tuple(const std::vector<int>& values) {
  std::string ops = "(";
  for (const int value : values) ops += Int(value);
  return ops + "t";
}
std::string Tensor(const std::string& type, const std::string& key, const std::vector<int>& shape,
                   const std::vector<int>& stride, int offset = 0) {
  return "ctorch._utils\n_rebuild_tensor_v2\n((" + Text("storage") + "ctorch\n" + type + "\n" +
         Text(key) + Text("cpu") + Int(24) + "tQ" + Int(offset) + Tuple(shape) + Tuple(stride) +
         "\x89" + "ccollections\nOrderedDict\n)RtR";
}
std::string Dict(const std::vector<std::pair<std::string, std::string>>& members) {
  std::string ops = "}(";
  for (const auto& [key, value] : members) ops += Text(key) + value;
  return ops + "u";
}
std::string File(const std::string& pickle,
                 const std::vector<std::pair<std::string, std::string>>& storages = {}) {
  std::vector<std::pair<std::string, std::string>> entries = {{"archive/data.pkl", pickle},
                                                              {"archive/byteorder", "little"}};
  for (const auto& [key, bytes] : storages) entries.emplace_back("archive/data/" + key, bytes);
  return Zip(entries, false);
}

TEST(TorchFile, CountsOfModeStat) {
  const std::string file =
      File(kStart +
               Dict({{"rank", "K\x01"},
                     {"logical_count", Tensor("IntStorage", "0", {2, 1, 3}, {3, 3, 1})},
                     {"average_utilization_rate_over_window", "N"}}) +
               ".",
           {{"0", Raw32({2, 2, 2, 4, 4, 4})}});
  EXPECT_EQ(FormatOf(file), "sglang_pt");
  ImportOptions options;
  options.top_k = 3;  // all of three experts: nothing is left to chance but the order
  const auto trace = ImportText(file, options);
  ASSERT_TRUE(trace.ok()) << Messages(trace);
  EXPECT_EQ(trace.value().num_experts, 3U);
  ASSERT_EQ(trace.value().steps.size(), 2U);
  EXPECT_EQ(trace.value().steps[0].tokens, 2U) << "6 choices of 3";
  EXPECT_EQ(trace.value().steps[1].tokens, 4U);
  EXPECT_EQ(trace.value().origin, TraceOrigin::kFitted);
}

std::string Records(const std::string& ids) {
  return kStart +
         Dict({{"records", "](" +
                               Dict({{"positions", "](" + Int(4) + Int(5) + "e"},
                                     {"extend_seq_lens", "]" + Int(2) + "a"},
                                     {"forward_mode", Int(1)},
                                     {"topk_ids_of_layer", ids}}) +
                               "e"}}) +
         ".";
}

TEST(TorchFile, RecordsOfModePerToken) {
  const auto trace = ImportText(File(Records(Tensor("IntStorage", "0", {1, 2, 3}, {6, 3, 1})),
                                     {{"0", Raw32({5, 1, -1, 2, 7, -1})}}));
  ASSERT_TRUE(trace.ok()) << Messages(trace);
  EXPECT_EQ(Choices(trace.value(), 0), (std::vector<int>{5, 1, 2, 7}));
  ASSERT_EQ(trace.value().runs.size(), 1U);
  EXPECT_EQ(trace.value().runs[0].position, 4U);
}

TEST(TorchFile, ViewsAreReadByTheirStrides) {
  // Token-major in the storage, from element 1 on: layer 0 is 5 and 2, layer 1 is 1 and 7.
  const auto trace = ImportText(File(Records(Tensor("IntStorage", "0", {2, 2, 1}, {1, 2, 1}, 1)),
                                     {{"0", Raw32({99, 5, 1, 2, 7})}}));
  ASSERT_TRUE(trace.ok()) << Messages(trace);
  EXPECT_EQ(Choices(trace.value(), 0), (std::vector<int>{5, 2}));
  EXPECT_EQ(Choices(trace.value(), 1), (std::vector<int>{1, 7}));
}

std::string WrongPickle(const std::string& pickle) { return Messages(ImportText(File(pickle))); }

TEST(TorchFile, NothingIsCalled) {
  const std::string advice =
      "; json.dump(torch.load(path), out, default=lambda t: t.tolist()) writes it as JSON";
  EXPECT_EQ(WrongPickle(kStart + "cos\nsystem\n(" + Text("true") + "tR."),
            "x: error: data.pkl: names os.system, which data of tensors does not need; it is "
            "refused" +
                advice);
  EXPECT_EQ(WrongPickle("\x80\x04" + Text("builtins") + Text("eval") + "\x93."),
            "x: error: data.pkl: names builtins.eval, which data of tensors does not need; it is "
            "refused" +
                advice);
  EXPECT_EQ(WrongPickle(kStart + "ctorch\nIntStorage\n)R."),
            "x: error: data.pkl: calls torch.IntStorage" + advice);
  EXPECT_EQ(WrongPickle(kStart + "}b."),
            "x: error: data.pkl: has operation 0x62 at byte 3, which data of tensors does not "
            "need; it is refused" +
                advice);
  EXPECT_EQ(WrongPickle("\x80\x05."),
            "x: error: data.pkl: has protocol 5; allowed: 2 to 4" + advice);
}

TEST(TorchFile, WrongTensorsAreRefused) {
  const auto message = [](const std::string& tensor) {
    const std::string all = Messages(ImportText(
        File(kStart + Dict({{"logical_count", tensor}}) + ".", {{"0", Raw32({1, 2, 3, 4})}})));
    return all.substr(0, all.find_first_of(";", 0));
  };
  EXPECT_EQ(message(Tensor("IntStorage", "0", {1, 5}, {5, 1})),
            "x: error: data.pkl: holds a tensor that reaches beyond its storage data/0");
  EXPECT_EQ(message(Tensor("IntStorage", "1", {1, 4}, {4, 1})),
            "x: error: data.pkl: misses the storage data/1");
  EXPECT_EQ(message(Tensor("HalfStorage", "0", {1, 4}, {4, 1})),
            "x: error: data.pkl: holds a tensor of HalfStorage, which is not read");
  EXPECT_EQ(message(Tensor("IntStorage", "0", {1 << 30, 1 << 30}, {0, 0})),
            "x: error: data.pkl: holds tensors larger than allowed");
  EXPECT_EQ(message(Tensor("IntStorage", "0", {1 << 30, 0}, {0, 0})),
            "x: error: logical_count: has 1 dimensions")
      << "no element, no list of a billion rows";
  EXPECT_EQ(message(Tensor("IntStorage", "0", {4}, {1, 1})),
            "x: error: data.pkl: has a tensor whose parts do not fit");
}

TEST(TorchFile, PicklesThatGrowOrTurnInCirclesEnd) {
  // Each list holds the one before it twice: 2^40 leaves.
  std::string growing = kStart + "]q" + std::string(1, '\0');
  for (char i = 0; i < 40; ++i) {
    growing += "](h" + std::string(1, i) + "h" + std::string(1, i) + "eq" +
               std::string(1, static_cast<char>(i + 1));
  }
  EXPECT_NE(WrongPickle(growing + "."), "accepted");
  // A list in itself.
  const std::string circle =
      kStart + "]q" + std::string(1, '\0') + "h" + std::string(1, '\0') + "a.";
  EXPECT_NE(WrongPickle(circle).find("nested deeper than 32 levels"), std::string::npos)
      << WrongPickle(circle);
}

TEST(TorchFile, RecalledTextsAreChargedEachTime) {
  // 1 MiB of text, remembered once and recalled 1000 times: 3 KiB that would become 1 GiB.
  const std::string memo("q\0", 2);
  const std::string recall("h\0", 2);
  std::string texts = kStart + "](" + Text(std::string(std::size_t{1} << 20, 'a')) + memo;
  for (int i = 0; i < 1000; ++i) texts += recall;
  EXPECT_NE(WrongPickle(texts + "e.").find("holds more than 67108864 bytes of text"),
            std::string::npos);
  // The same with the key of a storage, which every use of the storage would copy.
  const std::string storage = "(" + Text("storage") + "ctorch\nIntStorage\n" +
                              Text(std::string(std::size_t{1} << 20, '0')) + Text("cpu") + Int(1) +
                              "t" + memo + "Q";
  std::string keys = kStart + "](" + storage;
  for (int i = 0; i < 1000; ++i) keys += recall + "Q";
  EXPECT_NE(WrongPickle(keys + "e.").find("has a storage whose key is too long"),
            std::string::npos);
}

TEST(TorchFile, APickleHasALimitedNumberOfObjects) {
  const std::string many = kStart + "(" + std::string((std::size_t{1} << 20) + 1, ']') + "t.";
  EXPECT_NE(WrongPickle(many).find("has more than 1048576 objects"), std::string::npos);
  const std::string large = kStart + std::string(std::size_t{16} << 20, 'N') + ".";
  EXPECT_NE(WrongPickle(large).find("has 16777219 bytes; at most 16777216 are read"),
            std::string::npos);
}

TEST(TorchFile, EveryPrefixOfAPickleIsRefused) {
  const std::string pickle = Records(Tensor("IntStorage", "0", {1, 2, 3}, {6, 3, 1}));
  for (std::size_t n = 0; n < pickle.size(); ++n) {
    PickleObjects objects;
    EXPECT_NE(ReadPickle(pickle.substr(0, n), objects), "") << n << " bytes";
  }
}

TEST(Pickle, NumbersOfEveryKind) {
  const auto number = [](const std::string& ops) {
    PickleObjects objects;
    EXPECT_EQ(ReadPickle(kStart + ops + ".", objects), "");
    return objects.root;
  };
  EXPECT_EQ(std::get<std::int64_t>(number("K\xff")), 255);
  EXPECT_EQ(std::get<std::int64_t>(number("M\x01\x02")), 513);
  EXPECT_EQ(std::get<std::int64_t>(number(Int(-7))), -7);
  EXPECT_EQ(std::get<std::int64_t>(number(std::string("\x8a\x00", 2))), 0);
  EXPECT_EQ(std::get<std::int64_t>(number("\x8a\x01\xff")), -1);
  EXPECT_EQ(std::get<std::int64_t>(number("\x8a\x05\x01\x01\x01\x01\x01")), 0x0101010101);
  EXPECT_EQ(std::get<bool>(number("\x88")), true);
  EXPECT_EQ(std::get<double>(number(std::string("G\x3f\xf8\x00\x00\x00\x00\x00\x00", 9))), 1.5);
}

TEST(TorchFile, OtherArchivesAndOrdersAreRefused) {
  EXPECT_EQ(Messages(ImportTrace(ImportFile{"x", "no zip"}, {}, "sglang_pt")),
            "x: error: cannot be read as a zip archive: Not a zip archive");
  const std::string other = Zip({{"a.txt", "hello"}});
  EXPECT_EQ(Messages(ImportTrace(ImportFile{"x", other}, {}, "sglang_pt")),
            "x: error: has no entry data.pkl: not what torch.save writes");
  const std::string big = Zip({{"a/data.pkl", kStart + "N."}, {"a/byteorder", "big"}});
  EXPECT_EQ(Messages(ImportText(big)), "x: error: is not little-endian");
}

}  // namespace
}  // namespace switchyard::testing
