# SPDX-License-Identifier: Apache-2.0
# sallyport_room(NAME core USES core sip VENDOR OpenSSL::Crypto)
#
# One static library per folder of src/; USES is the arrow list (tools/check-layers reads it and the
# #include lines). Sources ending in _test.cpp beside the source become the room's test binary.
function(sallyport_room)
  cmake_parse_arguments(ROOM "" "NAME" "USES;VENDOR;TEST_VENDOR;TEST_USES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp ${CMAKE_CURRENT_SOURCE_DIR}/*/*.cpp)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")

  add_library(sp_${ROOM_NAME} STATIC ${sources})
  target_include_directories(sp_${ROOM_NAME} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  list(TRANSFORM ROOM_USES PREPEND sp_)
  target_link_libraries(sp_${ROOM_NAME} PUBLIC ${ROOM_USES} ${ROOM_VENDOR})

  if(SALLYPORT_TESTS AND tests)
    add_executable(test_${ROOM_NAME} ${tests})
    list(TRANSFORM ROOM_TEST_USES PREPEND sp_)
    target_link_libraries(test_${ROOM_NAME} PRIVATE sp_${ROOM_NAME} ${ROOM_TEST_USES} ${ROOM_TEST_VENDOR}
                                                    GTest::gmock GTest::gtest_main)
    # Vectors and hostile inputs are read where they are; a test that does not find them says so and skips.
    target_compile_definitions(test_${ROOM_NAME} PRIVATE SALLYPORT_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    add_test(NAME ${ROOM_NAME} COMMAND test_${ROOM_NAME})
  endif()
endfunction()
