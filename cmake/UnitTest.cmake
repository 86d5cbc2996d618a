# unit_test(NAME [LIBRARY...]): NAME.c, a cmocka program, is built and known to ctest.
function(unit_test name)
  add_executable(${name} ${name}.c)
  target_link_libraries(${name} PRIVATE ${ARGN} cmocka)
  add_test(NAME ${name} COMMAND ${name})
endfunction()
