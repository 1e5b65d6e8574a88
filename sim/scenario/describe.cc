#include "sim/scenario/describe.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <vector>

#include "scenarios/schema/scenario.pb.h"
#include "sim/scenario/problems.h"
#include "sim/scenario/quantity.h"
#include "sim/scenario/schema_info.h"

namespace switchyard {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

constexpr std::size_t kColumns = 5;
using Row = std::array<std::string, kColumns>;

bool IsEnum(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM;
}

Row FieldRow(const FieldDescriptor& field) {
  const pb::FieldRule& rule = RuleOf(field);
  std::string fallback = DefaultText(field);
  if (rule.required()) fallback = "required";
  return {field.name(), IsEnum(field) ? "name" : TypeName(field), fallback.empty() ? "-" : fallback,
          RangeText(field), rule.help()};
}

// What does not fit into the row: the values of an enum, the siblings in a oneof.
std::string Remark(const FieldDescriptor& field) {
  if (IsEnum(field)) return TypeName(field);
  const auto* oneof = field.containing_oneof();
  if (oneof == nullptr || oneof->field_count() == 1) return {};
  return "only one of: " + OneofNames(field);
}

void PrintRows(const std::vector<Row>& rows, const std::vector<std::string>& remarks,
               std::ostringstream& out) {
  std::array<std::size_t, kColumns> width{};
  for (const Row& row : rows) {
    for (std::size_t c = 0; c < kColumns; ++c) width[c] = std::max(width[c], row[c].size());
  }
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string line = " ";
    for (std::size_t c = 0; c < kColumns; ++c) {
      line += " " + rows[r][c] + std::string(width[c] - rows[r][c].size() + 1, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << "\n";
    if (!remarks[r].empty()) out << std::string(width[0] + 4, ' ') << remarks[r] << "\n";
  }
}

std::string Table(const Descriptor& type) {
  std::vector<Row> rows = {{"FIELD", "TYPE", "DEFAULT", "RANGE", ""}};
  std::vector<std::string> remarks = {""};
  const std::string* shared = nullptr;  // the oneof whose remark has been made
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    rows.push_back(FieldRow(field));
    const auto* oneof = field.containing_oneof();
    const bool repeated = oneof != nullptr && shared == &oneof->name();
    remarks.push_back(repeated ? "" : Remark(field));
    if (oneof != nullptr) shared = &oneof->name();
  }
  std::ostringstream out;
  PrintRows(rows, remarks, out);
  return out.str();
}

// The units that the table's fields are written in, with all their spellings.
std::string Units(const Descriptor& type) {
  std::vector<pb::Unit> units;
  std::string out;
  for (int i = 0; i < type.field_count(); ++i) {
    const pb::Unit unit = RuleOf(*type.field(i)).unit();
    if (!IsDimensioned(unit) || std::find(units.begin(), units.end(), unit) != units.end()) {
      continue;
    }
    units.push_back(unit);
    out += "  " + TypeName(*type.field(i)) + ":";
    for (const std::string& name : UnitNames(unit)) out += " " + name;
    out += "\n";
  }
  return out.empty() ? "" : "\nUnits, to be written after the number:\n" + out;
}

std::string DescribeField(const FieldDescriptor& field) {
  std::ostringstream out;
  PrintRows({{"FIELD", "TYPE", "DEFAULT", "RANGE", ""}, FieldRow(field)}, {"", Remark(field)}, out);
  return out.str() + Units(*field.containing_type());
}

}  // namespace

Result<std::string> DescribeMessage(const std::string& path) {
  const Descriptor* type = pb::Scenario::descriptor();
  std::string help = "a scenario: one step of one model on one cluster";
  std::string title;
  std::istringstream names(path == "scenario" ? "" : path);
  std::string name;
  while (std::getline(names, name, '.')) {
    const FieldDescriptor* field = type->FindFieldByName(name);
    if (field == nullptr) {
      std::vector<std::string> known = FieldNames(*type);
      if (title.empty()) known.emplace_back("scenario");
      return Diagnostic{{}, JoinPath(title, name), "no such field" + NameHint(name, known)};
    }
    title = JoinPath(title, name);
    if (field->message_type() == nullptr) {
      if (std::getline(names, name, '.')) {
        return Diagnostic{{}, title, "is a single value: nothing is below it"};
      }
      return DescribeField(*field);
    }
    help = RuleOf(*field).help();
    type = field->message_type();
  }
  std::string out =
      (title.empty() ? "scenario" : title) + ": " + help + "\n\n" + Table(*type) + Units(*type);
  out +=
      "\nAny mapping may also have 'include: FILE' (or a list of files): the file's fields are the "
      "base of those given here.\n";
  return out;
}

}  // namespace switchyard
