// The file that torch.save writes, as a tree: dictionaries, lists, numbers, text, and tensors as
// nested lists. Nothing of the file is executed.
//
//   std::optional<DataNode> root = ReadTorchFile(file, 1 << 30, log);
//
// The file is a zip archive of a pickle (data.pkl) and one entry per tensor storage (data/0, ...).
// Of pickle protocols 2 to 4 exactly the operations are known that such data needs; of callables
// torch's tensor and storage names and OrderedDict, which are names here and call nothing. Anything
// else is refused by its name. Integer, bool and floating-point storages of little-endian files;
// contiguous tensors alone (torch.save of a view: call .contiguous() first).
// Source: docs.python.org/3/library/pickletools (operations), pytorch torch/serialization.py and
// torch/_utils.py (_rebuild_tensor_v2: storage, offset, size, stride).
#pragma once

#include <cstddef>
#include <optional>

#include "sim/routing/trace/import/data_tree.h"

namespace switchyard {

// Absent with errors in `log`. `max_bytes` bounds what the archive unpacks to.
[[nodiscard]] std::optional<DataNode> ReadTorchFile(const ImportFile& file, std::size_t max_bytes,
                                                    ImportLog& log);

}  // namespace switchyard
