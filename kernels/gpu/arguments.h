// Options of the programs here: `--name VALUE` or a switch `--name`.
//
//   Arguments arguments(argc, argv, {"--golden", "--repeat"}, {"--small"});
//   if (!arguments.fault().empty()) …
//   arguments.Value("--golden");                             // "" when not given
#pragma once

#include <algorithm>
#include <initializer_list>
#include <map>
#include <string>

namespace switchyard::kernels::gpu {

class Arguments {
 public:
  using Names = std::initializer_list<const char*>;

  Arguments(int argc, char** argv, Names with_value, Names switches) {
    for (int i = 1; i < argc && fault_.empty(); ++i) {
      const std::string name = argv[i];
      if (Contains(switches, name)) {
        given_[name] = "yes";
      } else if (!Contains(with_value, name)) {
        fault_ = name + ": no such option";
      } else if (i + 1 == argc) {
        fault_ = name + ": needs a value";
      } else {
        given_[name] = argv[++i];
      }
    }
  }

  [[nodiscard]] const std::string& fault() const { return fault_; }
  [[nodiscard]] bool Has(const std::string& name) const { return given_.count(name) > 0; }
  [[nodiscard]] std::string Value(const std::string& name,
                                  const std::string& otherwise = "") const {
    const auto found = given_.find(name);
    return found == given_.end() ? otherwise : found->second;
  }

 private:
  static bool Contains(Names names, const std::string& name) {
    return std::any_of(names.begin(), names.end(), [&](const char* n) { return name == n; });
  }

  std::map<std::string, std::string> given_;
  std::string fault_;
};

}  // namespace switchyard::kernels::gpu
