# SPDX-License-Identifier: Apache-2.0
# Warnings, hardening and sanitizers, the same for every target.

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
                    -Woverloaded-virtual -Wimplicit-fallthrough -fno-omit-frame-pointer)
if(SALLYPORT_WERROR)
  add_compile_options(-Werror)
endif()

if(SALLYPORT_SANITIZE)
  add_compile_options(-fsanitize=${SALLYPORT_SANITIZE} -fno-sanitize-recover=all -g1)
  add_link_options(-fsanitize=${SALLYPORT_SANITIZE})
elseif(NOT SALLYPORT_FUZZ)
  # A released binary is position independent, read-only after relocation, and checked at run time.
  add_compile_options(-fstack-protector-strong -fstack-clash-protection -fcf-protection=full
                      -D_GLIBCXX_ASSERTIONS $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
  add_link_options(-pie -Wl,-z,relro,-z,now,-z,noexecstack)
endif()

if(SALLYPORT_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -g1)
  add_link_options(-fsanitize=address,undefined)
endif()
