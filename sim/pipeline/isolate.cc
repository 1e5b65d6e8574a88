#include "sim/pipeline/isolate.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <string_view>

#include "sim/base/check.h"

namespace switchyard {
namespace {

// The child's first byte says what the rest is.
constexpr char kText = 'T';
constexpr char kErrors = 'E';
constexpr char kCrash = 'X';
constexpr char kNoMemory = 'M';

void WriteAll(int pipe, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(pipe, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // the parent is gone
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string ReadAll(int pipe) {
  std::string bytes;
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t count = ::read(pipe, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return bytes;
    bytes.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

// Diagnostics as lines of file, line, column, path and message between separators that no text
// holds.
constexpr char kField = '\x1f';
constexpr char kRecord = '\x1e';

std::string Pack(const Diagnostics& errors) {
  std::string bytes;
  for (const Diagnostic& d : errors) {
    bytes += d.where.file + kField + std::to_string(d.where.line) + kField +
             std::to_string(d.where.column) + kField + d.path + kField + d.message + kRecord;
  }
  return bytes;
}

std::string TakeUntil(std::string_view& bytes, char end) {
  const std::size_t at = bytes.find(end);
  const std::string field(bytes.substr(0, at));
  bytes.remove_prefix(at == std::string_view::npos ? bytes.size() : at + 1);
  return field;
}

Diagnostics Unpack(std::string_view bytes) {
  Diagnostics errors;
  while (!bytes.empty()) {
    Diagnostic d;
    d.where.file = TakeUntil(bytes, kField);
    d.where.line = std::atoi(TakeUntil(bytes, kField).c_str());
    d.where.column = std::atoi(TakeUntil(bytes, kField).c_str());
    d.path = TakeUntil(bytes, kField);
    d.message = TakeUntil(bytes, kRecord);
    errors.push_back(d);
  }
  return errors;
}

// Ctrl-C goes to all processes of a terminal; what it means is the parent's to say. The child ends
// with its work, or with its parent.
void LeaveInterruptsToTheParent() {
  sigset_t interrupt;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  sigprocmask(SIG_BLOCK, &interrupt, nullptr);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
}

[[noreturn]] void BeChild(int pipe, const std::function<Result<std::string>()>& work) {
  LeaveInterruptsToTheParent();
  try {
    const Result<std::string> result = work();
    WriteAll(pipe, result.ok() ? kText + result.value() : kErrors + Pack(result.errors()));
  } catch (const std::bad_alloc&) {
    WriteAll(pipe, {&kNoMemory, 1});
  } catch (const std::exception& error) {
    WriteAll(pipe, kCrash + std::string(error.what()));
  }
  std::_Exit(0);  // buffered output belongs to the parent
}

std::string DescribeSignal(int signal) {
  std::string text = "a simulation was ended by signal " + std::to_string(signal) + " (" +
                     std::string(::strsignal(signal)) + ")";
  if (signal == SIGKILL) text += ", as happens when the machine runs out of memory";
  return text;
}

}  // namespace

ChildKilled::ChildKilled(int signal) : std::runtime_error(DescribeSignal(signal)) {}

Result<std::string> RunInChild(const std::function<Result<std::string>()>& work) {
  std::array<int, 2> ends;
  SWITCHYARD_CHECK(::pipe(ends.data()) == 0, "no pipe to a child process");
  const pid_t child = ::fork();
  SWITCHYARD_CHECK(child >= 0, "no child process");
  if (child == 0) {
    ::close(ends[0]);
    BeChild(ends[1], work);
  }
  ::close(ends[1]);
  const std::string bytes = ReadAll(ends[0]);
  ::close(ends[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (WIFSIGNALED(status)) throw ChildKilled(WTERMSIG(status));
  if (!bytes.empty() && bytes[0] == kNoMemory) throw std::bad_alloc();
  SWITCHYARD_CHECK(!bytes.empty() && bytes[0] != kCrash,
                   bytes.empty() ? "a simulation's process died" : bytes.substr(1));
  if (bytes[0] == kErrors) return Unpack(std::string_view(bytes).substr(1));
  return bytes.substr(1);
}

}  // namespace switchyard
