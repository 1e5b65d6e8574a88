# switchyard_library(<name> SOURCES <files> [PUBLIC <targets>] [PRIVATE <targets>])
# A static library switchyard_<name>, also known as switchyard::<name>.
function(switchyard_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(switchyard_${name} STATIC ${ARG_SOURCES})
  add_library(switchyard::${name} ALIAS switchyard_${name})
  target_link_libraries(switchyard_${name} PUBLIC switchyard_options ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
endfunction()

# switchyard_test(<name> SOURCES <files> LIBS <targets> [LABEL <label>] [ISOLATED])
# A GoogleTest program, one ctest entry per program; ISOLATED: one process per test case (SimGrid keeps
# its clock for the life of the process, so each simulation needs its own).
function(switchyard_test name)
  cmake_parse_arguments(ARG "ISOLATED" "LABEL" "SOURCES;LIBS" ${ARGN})
  if(NOT ARG_LABEL)
    set(ARG_LABEL unit)
  endif()
  set(time_limit_s 300)  # a test that hangs fails, also under the sanitizers
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE switchyard_options ${ARG_LIBS} GTest::gtest GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE SWITCHYARD_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  if(ARG_ISOLATED)
    include(GoogleTest)
    gtest_discover_tests(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${time_limit_s} DISCOVERY_TIMEOUT 60)
  else()
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${time_limit_s})
  endif()
endfunction()

# switchyard_fuzzer(<name> SOURCES <files> LIBS <targets>): a libFuzzer program (clang only).
function(switchyard_fuzzer name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE switchyard_options ${ARG_LIBS})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer,address)
endfunction()
