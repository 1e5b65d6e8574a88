# Compiler settings that every target of the project shares, as one interface target.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

add_library(switchyard_options INTERFACE)
target_include_directories(switchyard_options INTERFACE ${PROJECT_SOURCE_DIR})
set(options -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
  # Same bytes from every build: no fused multiply-add, no reassociation.
  -ffp-contract=off)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # False alarms of GCC 12 on std::string (GCC bugs 105651 and 105562).
  list(APPEND options -Wno-restrict -Wno-maybe-uninitialized)
endif()
if(SWITCHYARD_WERROR)
  list(APPEND options -Werror)
endif()
target_compile_options(switchyard_options INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:${options}>")
if(SWITCHYARD_SANITIZE)
  target_compile_options(switchyard_options INTERFACE
    -fsanitize=${SWITCHYARD_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(switchyard_options INTERFACE -fsanitize=${SWITCHYARD_SANITIZE})
endif()
if(SWITCHYARD_FUZZERS)
  target_compile_options(switchyard_options INTERFACE -fsanitize=fuzzer-no-link,address)
  target_link_options(switchyard_options INTERFACE -fsanitize=address)
endif()
