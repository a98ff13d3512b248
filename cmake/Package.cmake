# SPDX-License-Identifier: Apache-2.0
# `./dev package`: a Debian package with the two binaries, the unit, its user and the commented configuration.
install(TARGETS sallyport RUNTIME DESTINATION bin)
install(FILES deploy/sallyport.service DESTINATION lib/systemd/system)
install(FILES deploy/sallyport.sysusers DESTINATION lib/sysusers.d RENAME sallyport.conf)
install(FILES README.md SECURITY.md LICENSE deploy/sallyport.toml DESTINATION share/doc/sallyport)

set(CPACK_PACKAGE_NAME sallyport)
set(CPACK_PACKAGE_CONTACT "Sallyport maintainers <maintainers@sallyport.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Zero-trust session border controller for SIP voice")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_STRIP_FILES ON)
include(CPack)
