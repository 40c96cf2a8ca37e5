# cmake -DCOMPILER=<c++> -DINCLUDES=<directories> -DGTEST=… -DWORK=<scratch> -P public_headers.cmake
# Every public header alone, twice, as C++17 under the strictest warnings a user may have; and what it pulls in:
# the standard library and devenv's own, an adapter its test framework too, nothing else.
set(strict -std=c++17 -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Werror)
list(TRANSFORM INCLUDES PREPEND -I OUTPUT_VARIABLE include_flags)
file(MAKE_DIRECTORY ${WORK})

# included(<variable> <text>): the files that a source with this text includes. Fails if it does not compile.
function(included variable text)
  file(WRITE ${WORK}/source.cpp "${text}")
  execute_process(COMMAND ${COMPILER} ${strict} ${ARGN} -fsyntax-only -MD -MF ${WORK}/source.d ${WORK}/source.cpp
    COMMAND_ERROR_IS_FATAL ANY)
  file(READ ${WORK}/source.d rule)
  string(REGEX REPLACE "^[^:]*:|\\\\\n" " " rule "${rule}")
  string(REGEX MATCHALL "[^ \n]+" files "${rule}")
  set(${variable} ${files} PARENT_SCOPE)
endfunction()

# foreign(<variable> <includes> <allowed>): those that are neither allowed nor public headers.
function(foreign variable files allowed)
  list(REMOVE_ITEM files ${allowed} ${WORK}/source.cpp)
  foreach(directory ${INCLUDES})
    list(FILTER files EXCLUDE REGEX "^${directory}/devenv/")
  endforeach()
  set(${variable} ${files} PARENT_SCOPE)
endfunction()

included(standard "#include <bits/stdc++.h>\n")
included(googletest "#include <bits/stdc++.h>\n#include <gtest/gtest.h>\n")
included(catch2 "#include <bits/stdc++.h>\n#include <catch2/catch.hpp>\n")

# The check itself: these leak. Of the libraries that the project does not use, and no machine has to have, one is
# played; nothing of it was ever a part of the standard library.
set(elsewhere ${WORK}/elsewhere)
file(WRITE ${elsewhere}/boost/version.hpp "#pragma once\n")
foreach(leak sys/mount.h linux/netlink.h nlohmann/json.hpp archive.h boost/version.hpp gtest/gtest.h)
  included(files "#include <${leak}>\n" -isystem ${elsewhere})
  foreign(strangers "${files}" "${standard}")
  if(NOT strangers MATCHES "${leak}")
    message(SEND_ERROR "a leak of ${leak} would not be seen")
  endif()
endforeach()

set(count 0)
foreach(directory ${INCLUDES})
  file(GLOB headers ${directory}/devenv/*.h)
  foreach(header ${headers})
    get_filename_component(name ${header} NAME_WE)
    set(allowed ${standard})
    if(DEFINED ${name} AND name MATCHES "^(googletest|catch2)$")
      set(allowed ${${name}})
    endif()
    included(files "#include <devenv/${name}.h>\n#include <devenv/${name}.h>\n" ${include_flags})
    foreign(strangers "${files}" "${allowed}")
    if(strangers)
      message(SEND_ERROR "<devenv/${name}.h> pulls in ${strangers}")
    endif()
    math(EXPR count "${count} + 1")
  endforeach()
endforeach()
if(count LESS 14)
  message(SEND_ERROR "only ${count} public headers were found in ${INCLUDES}")
endif()
message("${count} public headers")
