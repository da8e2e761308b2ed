/*
 * The settings of the running program, as the control files see them.
 */
#pragma once

#include "fs/virt/control.h"

struct settings;

/* Borrows the settings. */
struct control_settings control_settings_of(struct settings *settings);
