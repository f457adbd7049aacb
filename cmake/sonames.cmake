# Writes generated/library_names.h with the sonames of the libraries that devbox opens at run time, read from the development
# library itself: libgit2's soname changes with every minor version.
function(devbox_soname prefix library variable)
  find_library(${prefix}_FILE ${library} HINTS ${${prefix}_LIBRARY_DIRS} REQUIRED)
  file(REAL_PATH ${${prefix}_FILE} real)
  if(APPLE)
    set(${variable} ${${prefix}_FILE} PARENT_SCOPE)
    return()
  endif()
  execute_process(COMMAND ${CMAKE_OBJDUMP} -p ${real} OUTPUT_VARIABLE headers COMMAND_ERROR_IS_FATAL ANY)
  if(NOT headers MATCHES "SONAME +([^ \n]+)")
    message(FATAL_ERROR "${real} has no soname")
  endif()
  set(${variable} ${CMAKE_MATCH_1} PARENT_SCOPE)
endfunction()

devbox_soname(CURL curl CURL_SONAME)
devbox_soname(GIT2 git2 GIT2_SONAME)
devbox_soname(CRYPTO crypto CRYPTO_SONAME)
devbox_soname(ARCHIVE archive ARCHIVE_SONAME)

file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/library_names.h CONTENT [[
#pragma once
#define LIBRARY_CURL "@CURL_SONAME@"
#define LIBRARY_GIT2 "@GIT2_SONAME@"
#define LIBRARY_CRYPTO "@CRYPTO_SONAME@"
#define LIBRARY_ARCHIVE "@ARCHIVE_SONAME@"
#define DEVBOX_VERSION "@PROJECT_VERSION@"
]] @ONLY)
