#include "sim/cli/outputs.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iostream>
#include <sstream>
#include <system_error>

namespace switchyard {
namespace fs = std::filesystem;
namespace {

constexpr const char* kStandardOutput = "-";

fs::path FolderOf(const std::string& file) {
  const fs::path folder = LinkTarget(file).parent_path();
  return folder.empty() ? fs::path(".") : folder;
}

}  // namespace

bool IsDevice(const std::string& file) {
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  return fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status);
}

OutputPlan::~OutputPlan() {
  std::error_code not_empty;
  for (auto folder = made_.rbegin(); folder != made_.rend(); ++folder) {
    fs::remove(*folder, not_empty);
  }
}

OutputPlan::Entry OutputPlan::MakeEntry(std::string what, const std::string& file) {
  if (file == kStandardOutput) return {std::move(what), file, {}};
  std::error_code error;
  fs::path canonical = fs::weakly_canonical(fs::absolute(LinkTarget(file), error), error);
  if (error) canonical = file;  // what is wrong with it shows when it is opened
  return {std::move(what), file, std::move(canonical)};
}

void OutputPlan::Reads(std::string what, const std::string& file) {
  inputs_.push_back(MakeEntry(std::move(what), file));
}

void OutputPlan::Writes(std::string what, const std::string& file) {
  outputs_.push_back(MakeEntry(std::move(what), file));
}

Result<void> OutputPlan::Check() const {
  Diagnostics errors;
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const Entry& output = outputs_[i];
    for (const Entry& input : inputs_) {
      if (input.canonical != output.canonical) continue;
      errors.push_back(FileError(
          output.file, output.what + " would overwrite " + input.what + ", " + input.file));
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (outputs_[j].canonical != output.canonical) continue;
      const bool is_file = output.file != kStandardOutput;
      errors.push_back(FileError(is_file ? output.file : "standard output",
                                 outputs_[j].what + " and " + output.what + " both write to it"));
    }
  }
  if (!errors.empty()) return errors;
  return {};
}

Result<void> OutputPlan::MakeFolder(const fs::path& folder) {
  std::error_code error;
  if (fs::is_directory(folder, error)) return {};
  if (folder.has_parent_path() && folder.parent_path() != folder) {
    Result<void> parent = MakeFolder(folder.parent_path());
    if (!parent.ok()) return parent;
  }
  const bool made = fs::create_directory(folder, error);
  if (error) return FileError(folder.string(), "cannot be made a folder: " + error.message());
  if (made) made_.push_back(folder);
  return {};
}

Result<void> OutputPlan::MakeFolders() {
  for (const Entry& output : outputs_) {
    if (output.file == kStandardOutput || IsDevice(output.file)) continue;
    const auto cannot = [&](const std::string& why) {
      return FileError(output.file, output.what + " cannot be written: " + why);
    };
    std::error_code error;
    if (fs::is_directory(output.file, error)) return cannot("it is a folder");
    if (!fs::path(output.file).has_filename()) return cannot("it has no file name");
    const fs::path folder = FolderOf(output.file);
    const Result<void> made = MakeFolder(folder);
    if (!made.ok())
      return cannot(made.errors().front().where.file + " " + made.errors().front().message);
    if (::access(folder.c_str(), W_OK | X_OK) != 0) return cannot(std::strerror(errno));
  }
  return {};
}

void OutputSet::Add(const std::string& file, const Writer& write) {
  Result<void> written;
  if (file == kStandardOutput) {
    std::ostringstream text;
    written = write(text);
    standard_output_ += text.str();
  } else {
    files_.push_back(std::make_unique<AtomicFile>(file));
    written = write(files_.back()->stream());
    if (written.ok()) written = files_.back()->Finish();
  }
  if (!written.ok()) {
    errors_.insert(errors_.end(), written.errors().begin(), written.errors().end());
  }
}

void OutputSet::Add(const std::string& file, const std::string& content) {
  Add(file, [&](std::ostream& out) -> Result<void> {
    out.write(content.data(), static_cast<std::streamsize>(content.size()));
    return {};
  });
}

Result<void> OutputSet::Commit() {
  if (!errors_.empty()) return errors_;
  for (const auto& file : files_) {
    Result<void> committed = file->Commit();
    if (!committed.ok()) return committed;
  }
  std::cout << standard_output_ << std::flush;
  if (!std::cout) return FileError("standard output", "cannot be written");
  return {};
}

}  // namespace switchyard
