# What the scripts of this folder share.

# run(COMMAND…): shows the command; its failure is the test's.
function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# code_blocks(<variable> <file> <language>): the file's code blocks of that language, without their fences, in
# <variable>_1 to <variable>_<<variable>_count>: lists lose semicolons.
function(code_blocks variable file language)
  file(READ ${file} text)
  string(REPLACE ";" "\\;" text "${text}")
  string(REGEX MATCHALL "```${language}\n[^`]*```" blocks "${text}")
  set(count 0)
  foreach(block IN LISTS blocks)
    math(EXPR count "${count} + 1")
    string(REGEX REPLACE "^```${language}\n|```$" "" block "${block}")
    set(${variable}_${count} "${block}" PARENT_SCOPE)
  endforeach()
  set(${variable}_count ${count} PARENT_SCOPE)
endfunction()

# readme_block(<variable> <language> <regex>): the README's first code block of that language that matches.
function(readme_block variable language regex)
  code_blocks(block ${SOURCE}/README.md ${language})
  foreach(number RANGE 1 ${block_count})
    if(block_${number} MATCHES "${regex}")
      set(${variable} "${block_${number}}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
  message(FATAL_ERROR "README.md has no ${language} block with ${regex}")
endfunction()
