// Runs a simulation in a child process: SimGrid allows one per process, and a comparison needs two.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <exception>
#include <functional>
#include <iostream>
#include <vector>

namespace switchyard::testing {

// In the child. False when `work` threw or the pipe broke.
inline bool SendResult(int pipe, const std::function<std::vector<double>()>& work) {
  std::vector<double> values;
  try {
    values = work();
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return false;
  }
  const char* bytes = reinterpret_cast<const char*>(values.data());
  for (std::size_t left = values.size() * sizeof(double); left > 0;) {
    const ssize_t written = write(pipe, bytes, left);
    if (written <= 0) return false;
    bytes += written;
    left -= static_cast<std::size_t>(written);
  }
  return true;
}

// What `work` returned in a child; empty, with a test failure, when the child did not get there.
inline std::vector<double> InChild(const std::function<std::vector<double>()>& work) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) {
    ADD_FAILURE() << "no pipe";
    return {};
  }
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    _exit(SendResult(ends[1], work) ? 0 : 1);
  }
  close(ends[1]);
  std::vector<double> values;
  std::array<char, 4096> buffer{};
  std::vector<char> bytes;
  for (ssize_t n = 0; (n = read(ends[0], buffer.data(), buffer.size())) > 0;) {
    bytes.insert(bytes.end(), buffer.begin(), buffer.begin() + n);
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "the child failed";
  values.resize(bytes.size() / sizeof(double));
  std::copy_n(bytes.data(), values.size() * sizeof(double), reinterpret_cast<char*>(values.data()));
  return values;
}

}  // namespace switchyard::testing
