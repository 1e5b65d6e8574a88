#include "sim/base/file.h"

void Save() {
#ifdef SWITCHYARD_MISTAKE
  switchyard::WriteFileAtomically("result.json", "{}");
#else
  if (!switchyard::WriteFileAtomically("result.json", "{}").ok()) throw 1;
#endif
}
