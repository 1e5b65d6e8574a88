// Uint128: GCC's and clang's unsigned 128-bit integer, under a name that -Wpedantic accepts, for
// products of two 64-bit numbers.
#pragma once

namespace switchyard {

__extension__ using Uint128 = unsigned __int128;

}  // namespace switchyard
