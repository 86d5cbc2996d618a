# What this is built for. EXS_PROCESSOR is x86_64, aarch64, or other, which has the portable code alone.
if(NOT CMAKE_SIZEOF_VOID_P EQUAL 8)
  message(FATAL_ERROR "Excalibur-EXS needs a 64-bit processor and system; "
                      "the compiler ${CMAKE_C_COMPILER} builds for another")
endif()
if(CMAKE_C_BYTE_ORDER AND NOT CMAKE_C_BYTE_ORDER STREQUAL "LITTLE_ENDIAN")
  message(FATAL_ERROR "Excalibur-EXS needs a little-endian processor; "
                      "the compiler ${CMAKE_C_COMPILER} builds for a big-endian one")
endif()

# The compiler knows better than CMAKE_SYSTEM_PROCESSOR, which has several names for each.
include(CheckSymbolExists)
check_symbol_exists(__x86_64__ "" EXS_IS_X86_64)
check_symbol_exists(__aarch64__ "" EXS_IS_AARCH64)
if(EXS_IS_X86_64)
  set(EXS_PROCESSOR x86_64)
elseif(EXS_IS_AARCH64)
  set(EXS_PROCESSOR aarch64)
else()
  set(EXS_PROCESSOR other)
  message(STATUS "No vector code for this processor; only the portable implementations are built")
endif()
