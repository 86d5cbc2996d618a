# What `cmake --install` puts where, and the packages that cpack makes of it.
install(TARGETS exs-miner exs-verify exs-bench RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

# The libraries, what is needed to link them, and examples of that.
install(TARGETS exs bitcoinconsensus LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/exs DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.h)
install(FILES include/bitcoinconsensus.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
file(RELATIVE_PATH EXS_PC_UP /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
foreach(library exs libbitcoinconsensus)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/${library}.pc.in ${library}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${library}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/examples DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/excalibur-exs
        FILES_MATCHING PATTERN *.c)

# Of the programs: other programs' builds learn version and place from this.
configure_file(${CMAKE_CURRENT_LIST_DIR}/excalibur-exs.pc.in excalibur-exs.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/excalibur-exs.pc DESTINATION ${CMAKE_INSTALL_DATADIR}/pkgconfig)

# The profiles and figures of machines, to be read, copied and named with --profile.
file(GLOB tuning CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tuning/*)
install(FILES ${tuning} DESTINATION ${CMAKE_INSTALL_DATADIR}/excalibur-exs/tuning)

set(doc ${CMAKE_INSTALL_DATADIR}/doc/excalibur-exs)
install(FILES ${PROJECT_SOURCE_DIR}/README.md DESTINATION ${doc})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${doc} RENAME copyright)

# Debian wants these compressed; -n leaves out name and time, so that builds repeat.
find_program(GZIP gzip REQUIRED)
function(install_compressed source name destination)
  add_custom_command(
    OUTPUT ${name}.gz
    COMMAND ${GZIP} -9nc ${PROJECT_SOURCE_DIR}/${source} > ${name}.gz
    DEPENDS ${PROJECT_SOURCE_DIR}/${source}
    VERBATIM)
  add_custom_target(compressed-${name} ALL DEPENDS ${PROJECT_BINARY_DIR}/${name}.gz)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.gz DESTINATION ${destination})
endfunction()
install_compressed(CHANGELOG.md changelog ${doc})
install_compressed(docs/exs-miner.1 exs-miner.1 ${CMAKE_INSTALL_MANDIR}/man1)
install_compressed(docs/exs-verify.1 exs-verify.1 ${CMAKE_INSTALL_MANDIR}/man1)
install_compressed(docs/exs-bench.1 exs-bench.1 ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${PROJECT_SOURCE_DIR}/docs/verify-protocol.md DESTINATION ${doc})

# As systemd, bash-completion and people look for them.
install(FILES ${PROJECT_SOURCE_DIR}/deploy/systemd/exs-miner.service
              ${PROJECT_SOURCE_DIR}/deploy/systemd/exs-verify.service
        DESTINATION lib/systemd/system)
install(FILES ${PROJECT_SOURCE_DIR}/programs/completion/exs-miner.bash
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME exs-miner)
install(FILES ${PROJECT_SOURCE_DIR}/deploy/logrotate/exs-miner
        DESTINATION ${doc}/examples RENAME exs-miner.logrotate)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME excalibur-exs)
set(CPACK_PACKAGE_VENDOR "The Excalibur-EXS developers")
set(CPACK_PACKAGE_CONTACT "The Excalibur-EXS developers <developers@excalibur-exs.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Bitcoin miner, validation library and benchmarks for CPUs")
set(CPACK_PACKAGE_DESCRIPTION
"Mines bitcoin with the vector units of the processor, on any full node that
offers getblocktemplate or at Stratum pools, and measures how fast each
implementation of its hashing is on this machine.
.
exs-miner is the miner; exs-bench prints the measurements. libexs verifies
scripts, transactions, blocks and signatures for other programs, exs-verify
does so over a socket, and libbitcoinconsensus.so.0 stands in for Bitcoin
Core's.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# The drop-in lies where Debian's package of Core's library would have it.
foreach(relation CONFLICTS PROVIDES REPLACES)
  set(CPACK_DEBIAN_PACKAGE_${relation} libbitcoinconsensus0)
endforeach()
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON) # and has ldconfig run
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/PackageModes.cmake)
include(CPack)
