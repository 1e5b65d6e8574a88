// The tables of tables/: capacities, slots and weights as the frameworks compute them, written by
// tables/make_tables.py from the published formulas.
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "kernels/core/ordered_key.h"
#include "kernels/names.h"
#include "tests/unit/kernels/slot_cases.h"

namespace switchyard::kernels {
namespace {

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

template <class Number>
Number Parse(const std::string& text, int base = 10) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  EXPECT_TRUE(error == std::errc{} && end == text.data() + text.size()) << "'" << text << "'";
  return value;
}

template <class Number>
std::vector<Number> ParseList(const std::string& text) {
  std::vector<Number> values;
  for (const std::string& part : Split(text, ' ')) values.push_back(Parse<Number>(part));
  return values;
}

std::vector<std::uint32_t> ParseBits(const std::string& text) {
  std::vector<std::uint32_t> values;
  for (const std::string& part : Split(text, ' ')) values.push_back(Parse<std::uint32_t>(part, 16));
  return values;
}

template <class Enum>
void Set(std::map<std::string, std::string>& fields, const std::string& name, Enum& value) {
  const auto field = fields.extract(name);
  if (field.empty()) return;
  const auto parsed = FromName<Enum>(field.mapped());
  ASSERT_TRUE(parsed.has_value()) << name << "=" << field.mapped();
  value = *parsed;
}

// "drop=weight round=ceil_double": CapacitySpec's fields by name.
CapacitySpec ParseSpec(const std::string& line) {
  std::map<std::string, std::string> fields;
  for (const std::string& word : Split(line, ' ')) {
    const std::size_t equals = word.find('=');
    fields[word.substr(0, equals)] = word.substr(equals + 1);
  }
  CapacitySpec spec;
  Set(fields, "base", spec.rule.base);
  Set(fields, "times_k", spec.rule.times_k);
  Set(fields, "round", spec.rule.round);
  Set(fields, "drop", spec.drop);
  Set(fields, "order", spec.order);
  Set(fields, "slots", spec.slots);
  Set(fields, "normalise", spec.normalise);
  if (const auto f = fields.extract("min"); f) spec.rule.min = Parse<std::uint32_t>(f.mapped());
  if (const auto f = fields.extract("seed"); f) spec.seed = Parse<std::uint64_t>(f.mapped());
  if (const auto f = fields.extract("normalise_eps"); f) {
    spec.normalise_eps = std::strtof(f.mapped().c_str(), nullptr);
  }
  EXPECT_TRUE(fields.empty()) << "unknown: " << fields.begin()->first;
  return spec;
}

struct Table {
  std::string name;
  std::vector<std::string> comments;
  CapacitySpec spec;
  std::vector<std::vector<std::string>> rows;
};

std::vector<Table> ReadTables(const std::string& prefix) {
  std::vector<Table> tables;
  const std::filesystem::path folder = SWITCHYARD_SOURCE_DIR "/tests/unit/kernels/tables";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    Table table;
    table.name = entry.path().filename().string();
    if (table.name.rfind(prefix, 0) != 0) continue;
    std::ifstream file(entry.path());
    std::string line;
    while (std::getline(file, line) && line[0] == '#') table.comments.push_back(line);
    table.spec = ParseSpec(line);
    std::getline(file, line);
    while (std::getline(file, line)) table.rows.push_back(Split(line, ','));
    tables.push_back(table);
  }
  return tables;
}

// The first five columns: tokens, experts, top_k, num, den.
CaseShape ShapeOf(const std::vector<std::string>& row, CapacityRule& rule) {
  rule.num = Parse<std::uint32_t>(row[3]);
  rule.den = Parse<std::uint32_t>(row[4]);
  return {Parse<std::uint32_t>(row[0]), Parse<std::uint32_t>(row[1]), Parse<std::uint32_t>(row[2])};
}

TEST(CapacityTables, AreReproduced) {
  const std::vector<Table> tables = ReadTables("capacity_");
  ASSERT_EQ(tables.size(), 7U);
  for (const Table& table : tables) {
    CapacityRule rule = table.spec.rule;
    for (const auto& row : table.rows) {
      const CaseShape shape = ShapeOf(row, rule);
      EXPECT_EQ(CapacityOf(rule, shape.tokens, shape.experts, shape.top_k),
                Parse<std::uint32_t>(row[5]))
          << table.name << ": " << row[0] << "," << row[1] << "," << row[2] << "," << row[3] << "/"
          << row[4];
    }
  }
}

// The grid of make_tables.py.
template <class Visit>
void VisitGrid(std::uint32_t largest_k, Visit visit) {
  std::vector<std::uint32_t> twentieths = {45, 50, 60, 80};
  for (std::uint32_t n = 1; n <= 40; ++n) twentieths.push_back(n);
  for (std::uint32_t tokens = 1; tokens <= 512; ++tokens) {
    for (const std::uint32_t experts : {1U, 2U, 3U, 7U, 8U, 16U, 60U, 64U, 96U, 160U, 256U}) {
      for (const std::uint32_t top_k : {1U, 2U, 6U}) {
        if (top_k > std::min(experts, largest_k)) continue;
        for (const std::uint32_t n : twentieths) visit(CaseShape{tokens, experts, top_k}, n);
      }
    }
  }
}

// How often rounding errors change the capacity is in the tables' second line; counted again.
TEST(CapacityTables, DifferFromExactFractionsAsOftenAsTheFrameworks) {
  using Round = CapacityRule::Round;
  const auto count = [](CapacityRule rule, Round exactly, std::uint32_t largest_k) {
    std::size_t differ = 0;
    CapacityRule exact = rule;
    exact.round = exactly;
    VisitGrid(largest_k, [&](const CaseShape& s, std::uint32_t twentieths) {
      rule.num = exact.num = twentieths;
      rule.den = exact.den = 20;
      differ += CapacityOf(rule, s.tokens, s.experts, s.top_k) !=
                CapacityOf(exact, s.tokens, s.experts, s.top_k);
    });
    return "in " + std::to_string(differ) + " of ";
  };
  std::size_t counted = 0;
  for (const Table& table : ReadTables("capacity_")) {
    if (table.spec.rule.round == Round::kHalfEven) continue;      // no exact form of it here
    if (table.spec.rule.round == Round::kFloorProduct) continue;  // its grid has no factor above E
    const bool ceil =
        table.spec.rule.round == Round::kCeilDouble || table.spec.rule.round == Round::kCeilFloat;
    const std::uint32_t largest_k = table.spec.rule.times_k == CapacityRule::TimesK::kNo ? 1 : 6;
    const std::string expected =
        count(table.spec.rule, ceil ? Round::kCeil : Round::kFloor, largest_k);
    EXPECT_NE(table.comments.at(1).find(expected), std::string::npos)
        << table.name << ": counted " << expected;
    ++counted;
  }
  EXPECT_EQ(counted, 5U);
}

TEST(SlotTables, AreReproduced) {
  const std::vector<Table> tables = ReadTables("slots_");
  ASSERT_EQ(tables.size(), 12U);
  for (const Table& table : tables) {
    std::size_t dropped = 0;
    for (const auto& row : table.rows) {
      SCOPED_TRACE(table.name + ", tokens " + row[0] + ", factor " + row[3] + "/" + row[4]);
      CapacitySpec spec = table.spec;
      const CaseShape shape = ShapeOf(row, spec.rule);
      RoutedChoices choices{ParseList<std::uint16_t>(row[5]), {}, shape.tokens, shape.top_k};
      for (const std::uint32_t bits : ParseBits(row[6])) choices.weight.push_back(FloatOf(bits));
      const auto got = Assign(spec, shape.experts, choices);
      EXPECT_EQ(got.slot, ParseList<std::int32_t>(row[7]));
      EXPECT_EQ(Bits(got.weight), ParseBits(row[8]));
      dropped += static_cast<std::size_t>(std::count(got.slot.begin(), got.slot.end(), -1));
    }
    EXPECT_GT(dropped, 0U) << table.name << " shows nothing";
  }
}

TEST(Capacity, RoundsAsTheFrameworkOfTheName) {
  using Round = CapacityRule::Round;
  const auto slots = [](Round round) {
    CapacityRule rule;
    rule.num = 6;
    rule.den = 5;
    rule.round = round;
    return CapacityOf(rule, 100, 8, 1);  // 12.5 * 1.2 = 15
  };
  EXPECT_EQ(slots(Round::kCeil), 15U);
  EXPECT_EQ(slots(Round::kCeilDouble), 15U);
  EXPECT_EQ(slots(Round::kCeilFloat), 16U) << "float(1.2) is 1.2000000477";
}

TEST(Capacity, RoundsHalvesToEven) {
  CapacityRule rule;
  rule.round = CapacityRule::Round::kHalfEven;
  EXPECT_EQ(CapacityOf(rule, 5, 2, 1), 2U) << "2.5";
  EXPECT_EQ(CapacityOf(rule, 7, 2, 1), 4U) << "3.5";
}

// D8 with a negative factor: min(most wanted, K int(f ceil(S / E))), then up to the alignment.
TEST(Capacity, FollowsTheDemandBeforeTheAlignment) {
  CapacityRule rule;
  rule.base = CapacityRule::Base::kCeilPerExpert;
  rule.times_k = CapacityRule::TimesK::kAfterRounding;
  rule.round = CapacityRule::Round::kFloorDouble;
  rule.align = 8;
  EXPECT_EQ(CapacityOf(rule, 100, 8, 2), 32U) << "2 * 13 = 26, up to 32";
  rule.clamp_to_demand = true;
  EXPECT_EQ(CapacityOf(rule, 100, 8, 2, 17), 24U);
  EXPECT_EQ(CapacityOf(rule, 100, 8, 2, 30), 32U);
  rule.clamp_to_tokens = true;
  EXPECT_EQ(CapacityOf(rule, 20, 8, 2), 8U) << "2 * 3 = 6, up to 8";
  EXPECT_EQ(CapacityOf(rule, 5, 1, 2), 5U) << "10, up to 16, at most the tokens";
}

TEST(Capacity, SaturatesInsteadOfOverflowing) {
  CapacityRule rule;
  rule.num = 0xFFFFFFFF;
  for (const auto round : NamesOf<CapacityRule::Round>()) {
    rule.round = *FromName<CapacityRule::Round>(round);
    EXPECT_EQ(CapacityOf(rule, 0xFFFFFFFF, 1, 64), 0xFFFFFFFFU) << round;
    EXPECT_EQ(CapacityOf(rule, 0, 1, 64), 0U) << round;
  }
  rule.align = 0xFFFFFFFF;
  EXPECT_EQ(CapacityOf(rule, 1, 1, 1), 0xFFFFFFFFU);
  // Larger than 64 bits on the way: 2^32 * 64 * 2^32 / (2^32 * 64).
  rule = {};
  rule.num = 0xFFFFFFFF;
  rule.den = 0xFFFFFFFF;
  EXPECT_EQ(CapacityOf(rule, 0xFFFFFFFF, 64, 64), 0xFFFFFFFFU);
  EXPECT_EQ(CapacityOf(rule, 1000, 0, 1), 0U) << "no experts, no slots";
}

}  // namespace
}  // namespace switchyard::kernels
