#include "topologies/import/smi_matrix.h"

#include <fmt/format.h>

#include <array>
#include <map>
#include <optional>
#include <utility>

#include "topologies/import/machine.h"

namespace switchyard {
namespace {

struct Word {
  std::string text;
  int column = 0;  // of its first byte, colour codes counted
};

struct Line {
  int number = 0;
  std::vector<Word> words;
  int end = 0;  // the column after the last byte
};

// The end of an escape sequence that begins at `at` ("\x1b[4m"): the byte after it.
std::size_t AfterEscape(std::string_view line, std::size_t at) {
  constexpr char kFirstFinal = '@', kLastFinal = '~';
  ++at;
  if (at < line.size() && line[at] == '[') ++at;
  while (at < line.size() && (line[at] < kFirstFinal || line[at] > kLastFinal)) ++at;
  return at < line.size() ? at + 1 : at;
}

Line SplitLine(std::string_view line, int number) {
  Line split{number, {}, static_cast<int>(line.size()) + 1};
  bool in_word = false;
  for (std::size_t i = 0; i < line.size();) {
    if (line[i] == '\x1b') {
      i = AfterEscape(line, i);
      continue;
    }
    const bool space = line[i] == ' ' || line[i] == '\t' || line[i] == '\r';
    if (!space && !in_word) split.words.push_back({"", static_cast<int>(i) + 1});
    if (!space) split.words.back().text += line[i];
    in_word = !space;
    ++i;
  }
  return split;
}

std::vector<Line> SplitLines(std::string_view text) {
  std::vector<Line> lines;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(SplitLine(text.substr(begin, end - begin), static_cast<int>(lines.size()) + 1));
    begin = end + 1;
  }
  return lines;
}

bool IsNumbered(const std::string& word, std::string_view prefix) {
  if (word.size() <= prefix.size() || word.compare(0, prefix.size(), prefix) != 0) return false;
  return word.find_first_not_of("0123456789", prefix.size()) == std::string::npos;
}

bool IsHeader(const Line& line) {
  return line.words.size() > 1 && line.words[0].text == "GPU0" && line.words[1].text != "X";
}

std::optional<SmiCell> ParseCell(const std::string& word) {
  constexpr std::array<std::pair<std::string_view, SmiDistance>, 6> kDistances = {
      {{"X", SmiDistance::kSelf},
       {"PIX", SmiDistance::kPix},
       {"PXB", SmiDistance::kPxb},
       {"PHB", SmiDistance::kPhb},
       {"NODE", SmiDistance::kNode},
       {"SYS", SmiDistance::kSys}}};
  for (const auto& [text, distance] : kDistances) {
    if (word == text) return SmiCell{distance, 0, 0, 0};
  }
  constexpr std::size_t kMaxLength = 5;  // NV and three digits
  if (!IsNumbered(word, "NV") || word.size() > kMaxLength) return std::nullopt;
  const auto links = static_cast<std::uint32_t>(std::stoul(word.substr(2)));
  if (links == 0) return std::nullopt;
  return SmiCell{SmiDistance::kNvLink, links, 0, 0};
}

class MatrixReader {
 public:
  MatrixReader(std::vector<Line> lines, std::string file)
      : lines_(std::move(lines)), file_(std::move(file)) {}

  Result<SmiMatrix> Read() {
    std::size_t at = 0;
    while (at < lines_.size() && !IsHeader(lines_[at])) ++at;
    if (at == lines_.size()) {
      return FileError(file_, "no matrix of nvidia-smi topo -m: no line begins with GPU0 GPU1 ...");
    }
    Header(lines_[at]);
    const std::size_t rows = matrix_.devices.size();
    for (std::size_t row = 0; row < rows && errors_.empty(); ++row) {
      if (++at == lines_.size() || lines_[at].words.empty()) {
        const int line = at < lines_.size() ? lines_[at].number : lines_.back().number;
        Error(line, 1, fmt::format("the matrix ends after {} of {} rows", row, rows));
      } else {
        Row(row, lines_[at]);
      }
    }
    if (errors_.empty()) CheckSymmetry();
    if (!errors_.empty()) return errors_;
    Legend(at + 1);
    return std::move(matrix_);
  }

 private:
  // Columns up to "CPU Affinity"; older drivers print NICs by name.
  void Header(const Line& line) {
    bool nics = false;
    for (const Word& word : line.words) {
      if (word.text == "CPU" || word.text == "NUMA" || word.text == "GPU") break;
      const bool gpu = IsNumbered(word.text, "GPU");
      if (gpu && nics) Error(line.number, word.column, "a GPU after the NICs");
      nics = nics || !gpu;
      matrix_.devices.push_back({word.text, gpu, word.text, ""});
    }
    const std::size_t limit = kMaxMachineGpus + kMaxMachineNics;
    if (matrix_.devices.size() > limit) {
      Error(line.number, 1, fmt::format("more than {} columns", limit));
    }
    for (const Word& word : line.words) has_numa_ = has_numa_ || word.text == "NUMA";
  }

  void Row(std::size_t row, const Line& line) {
    const std::size_t columns = matrix_.devices.size();
    SmiDevice& device = matrix_.devices[row];
    if (line.words[0].text != device.label) {
      Error(line.number, line.words[0].column,
            fmt::format("row '{}', but column {} is {}", Shown(line.words[0].text), row + 1,
                        Shown(device.label)));
      return;
    }
    for (std::size_t column = 0; column < columns; ++column) {
      if (column + 1 >= line.words.size()) {
        Error(
            line.number, line.end,
            fmt::format("row {} ends after {} of {} cells", Shown(device.label), column, columns));
        return;
      }
      Cell(row, column, line.words[column + 1], line.number);
    }
    // "0-95 0 N/A": CPUs, NUMA node, NUMA node of the GPU's memory.
    const std::size_t cpus = columns + 1;
    if (cpus < line.words.size()) device.affinity = line.words[cpus].text;
    if (has_numa_ && cpus + 1 < line.words.size()) device.affinity = line.words[cpus + 1].text;
  }

  void Cell(std::size_t row, std::size_t column, const Word& word, int line) {
    std::optional<SmiCell> cell = ParseCell(word.text);
    if (!cell) {
      Error(line, word.column,
            fmt::format("'{}'; must be X, NV#, PIX, PXB, PHB, NODE or SYS", Shown(word.text)));
      cell = SmiCell{};
    } else if ((row == column) != (cell->distance == SmiDistance::kSelf)) {
      Error(line, word.column,
            fmt::format("{} from {} to {}; X stands on the diagonal and only there", word.text,
                        Shown(matrix_.devices[row].label), Shown(matrix_.devices[column].label)));
    } else if (cell->distance == SmiDistance::kNvLink &&
               !(matrix_.devices[row].is_gpu && matrix_.devices[column].is_gpu)) {
      Error(line, word.column, fmt::format("{} to a NIC", word.text));
    }
    cell->line = line;
    cell->column = word.column;
    matrix_.cells.push_back(*cell);
  }

  void CheckSymmetry() {
    for (std::size_t row = 0; row < matrix_.devices.size(); ++row) {
      for (std::size_t column = 0; column < row; ++column) {
        const SmiCell& cell = matrix_.At(row, column);
        const SmiCell& mirror = matrix_.At(column, row);
        if (cell.distance == mirror.distance && cell.links == mirror.links) continue;
        Error(cell.line, cell.column,
              fmt::format("{} to {} is not what {} to {} is (line {}, column {})",
                          Shown(matrix_.devices[row].label), Shown(matrix_.devices[column].label),
                          Shown(matrix_.devices[column].label), Shown(matrix_.devices[row].label),
                          mirror.line, mirror.column));
      }
    }
  }

  // "NIC0: mlx5_0"
  void Legend(std::size_t from) {
    std::map<std::string, std::string> names;
    for (std::size_t i = from; i < lines_.size(); ++i) {
      const std::vector<Word>& words = lines_[i].words;
      if (words.size() == 2) names.emplace(words[0].text, words[1].text);
    }
    for (SmiDevice& device : matrix_.devices) {
      const auto name = names.find(device.label + ":");
      if (!device.is_gpu && name != names.end()) device.name = name->second;
    }
  }

  static std::string Shown(const std::string& text) {
    constexpr std::size_t kMaxShown = 30;
    return text.substr(0, kMaxShown);
  }

  void Error(int line, int column, std::string message) {
    constexpr std::size_t kEnough = 20;
    if (errors_.size() < kEnough)
      errors_.push_back({{file_, line, column}, "", std::move(message)});
  }

  std::vector<Line> lines_;
  std::string file_;
  SmiMatrix matrix_;
  bool has_numa_ = false;
  Diagnostics errors_;
};

}  // namespace

Result<SmiMatrix> ReadSmiMatrix(std::string_view text, const std::string& file) {
  constexpr std::size_t kMaxBytes = std::size_t{8} << 20;
  if (text.size() > kMaxBytes) {
    return FileError(file, fmt::format("{} bytes; at most {}", text.size(), kMaxBytes));
  }
  return MatrixReader(SplitLines(text), file).Read();
}

}  // namespace switchyard
