/*
 * The release that liblsm and its programs are.
 */
#pragma once

#define LSM_VERSION "0.1.0"
