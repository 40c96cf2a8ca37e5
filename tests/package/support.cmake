# What the scripts of this folder share.

# run(COMMAND…): shows the command; its failure is the test's.
function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# readme_block(<variable> <language> <regex>): the README's first code block of that language that matches.
function(readme_block variable language regex)
  file(READ ${SOURCE}/README.md readme)
  string(REPLACE ";" "\\;" readme "${readme}")
  string(REGEX MATCHALL "```${language}\n[^`]*```" blocks "${readme}")
  foreach(block IN LISTS blocks)
    if(block MATCHES "${regex}")
      string(REGEX REPLACE "^```${language}\n|```$" "" block "${block}")
      set(${variable} "${block}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
  message(FATAL_ERROR "README.md has no ${language} block with ${regex}")
endfunction()
