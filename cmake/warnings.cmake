# Each warning with the mistake it catches.
set(DEVBOX_WARNINGS
  -Wall -Wextra           # the usual
  -Wconversion            # a value that silently loses bits
  -Wshadow                # two variables of one name
  -Wstrict-prototypes     # f() that takes anything
  -Wmissing-prototypes    # a function without its header
  -Wformat=2              # format strings that are not literals
  -Wvla                   # arrays of unbounded size on the stack
  -Wcast-qual             # casting const away
  -Wundef                 # a misspelt macro in #if
  -Wno-missing-field-initializers  # tables end with {0}
)
if(DEVBOX_WERROR)
  list(APPEND DEVBOX_WARNINGS -Werror)
endif()
