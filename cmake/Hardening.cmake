# Warnings, hardening and instrumentation of everything that is built here.
include(CheckCCompilerFlag)
include(CheckPIESupported)

option(EXS_WERROR "Treat warnings as errors" ON)
option(EXS_VERIFY "Execute the invariants that the code states (VERIFY_CHECK)" OFF)
option(EXS_FUZZ "Build the libFuzzer targets (clang)" OFF)
set(EXS_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize takes them: address,undefined or thread")

# Without this CMake compiles programs as position independent but does not link them with -pie.
check_pie_supported(LANGUAGES C)

add_compile_definitions(_GNU_SOURCE)
add_compile_options(-Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wvla
                    -Wformat=2 -Wpointer-arith -Wundef -Wwrite-strings
                    -fno-strict-aliasing -fstack-protector-strong)
if(NOT EXS_FUZZ) # libFuzzer declares the entry of its targets nowhere
  add_compile_options(-Wmissing-prototypes)
endif()
add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack,--as-needed)

# Jumps and returns go where they should, if the processor can check it.
set(jumps_x86_64 -fcf-protection)
set(jumps_aarch64 -mbranch-protection=standard)
foreach(flag -fstack-clash-protection ${jumps_${EXS_PROCESSOR}})
  string(MAKE_C_IDENTIFIER "EXS_HAS${flag}" has)
  check_c_compiler_flag(${flag} ${has})
  if(${has})
    add_compile_options(${flag})
  endif()
endforeach()

# Assertions stay in every build, as in Bitcoin Core's: what they stop would cost somebody money.
foreach(config RELEASE RELWITHDEBINFO MINSIZEREL)
  string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_${config} "${CMAKE_C_FLAGS_${config}}")
endforeach()

if(EXS_WERROR)
  add_compile_options(-Werror)
endif()
if(EXS_VERIFY)
  add_compile_definitions(EXS_VERIFY)
endif()
if(EXS_FUZZ AND NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR "EXS_FUZZ needs clang, whose libFuzzer it is (cmake --preset fuzz)")
endif()
if(EXS_SANITIZE)
  add_compile_options(-fsanitize=${EXS_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${EXS_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "Release" OR CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  # The sanitizers intercept the functions that this replaces, and it needs the optimizer.
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
  # What is shipped does not depend on where it was built.
  add_compile_options(-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
endif()
if(EXS_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
