# cmake -DIN=FILE -DOUT=FILE -DNAME=NAME -DHEADER=FILE -P embed.cmake
# Writes a text as a C array NAME and its size NAME_size, which HEADER declares.
file(READ ${IN} bytes HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
string(REPEAT "....." 16 line)
string(REGEX REPLACE "(${line})" "\\1\n" bytes "${bytes}")
file(WRITE ${OUT} "/* Written by embed.cmake. */
#include \"${HEADER}\"

const char ${NAME}[] = {
${bytes}0};
const size_t ${NAME}_size = sizeof(${NAME}) - 1;
")
