/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * classes.h - what a key is for, without saying which it is
 *
 * An allow-list: a code that is not named here is CLASS_TEXT. Codes are those
 * of linux/input-event-codes.h. X(first, last, CLASS)
 */
#ifndef CANDOR_CLASSES_H
#define CANDOR_CLASSES_H

enum candor_class {
	CLASS_TEXT, /* letters, digits, punctuation, space, keypad, unknown */
	CLASS_ENTER,
	CLASS_TAB,
	CLASS_ERASE,
	CLASS_NAVIGATION,
	CLASS_MODIFIER,
	CLASS_FUNCTION,
	CLASS_MEDIA,
	CLASS_BUTTON, /* of a pointing device, touch and pen included */
};

#define CANDOR_CLASS_LIST(X)                                              \
	X(KEY_ESC, KEY_ESC, CLASS_FUNCTION)                               \
	X(KEY_BACKSPACE, KEY_BACKSPACE, CLASS_ERASE)                      \
	X(KEY_TAB, KEY_TAB, CLASS_TAB)                                    \
	X(KEY_ENTER, KEY_ENTER, CLASS_ENTER)                              \
	X(KEY_LEFTCTRL, KEY_LEFTCTRL, CLASS_MODIFIER)                     \
	X(KEY_LEFTSHIFT, KEY_LEFTSHIFT, CLASS_MODIFIER)                   \
	X(KEY_RIGHTSHIFT, KEY_RIGHTSHIFT, CLASS_MODIFIER)                 \
	X(KEY_LEFTALT, KEY_LEFTALT, CLASS_MODIFIER)                       \
	X(KEY_CAPSLOCK, KEY_CAPSLOCK, CLASS_MODIFIER)                     \
	X(KEY_F1, KEY_F10, CLASS_FUNCTION)                                \
	X(KEY_NUMLOCK, KEY_SCROLLLOCK, CLASS_MODIFIER)                    \
	X(KEY_F11, KEY_F12, CLASS_FUNCTION)                               \
	X(KEY_RIGHTCTRL, KEY_RIGHTCTRL, CLASS_MODIFIER)                   \
	X(KEY_SYSRQ, KEY_SYSRQ, CLASS_FUNCTION)                           \
	X(KEY_RIGHTALT, KEY_RIGHTALT, CLASS_MODIFIER)                     \
	X(KEY_HOME, KEY_PAGEDOWN, CLASS_NAVIGATION)                       \
	X(KEY_INSERT, KEY_INSERT, CLASS_NAVIGATION)                       \
	X(KEY_DELETE, KEY_DELETE, CLASS_ERASE)                            \
	X(KEY_MUTE, KEY_VOLUMEUP, CLASS_MEDIA)                            \
	X(KEY_PAUSE, KEY_PAUSE, CLASS_FUNCTION)                           \
	X(KEY_SCALE, KEY_SCALE, CLASS_FUNCTION)                           \
	X(KEY_LEFTMETA, KEY_RIGHTMETA, CLASS_MODIFIER)                    \
	X(KEY_COMPOSE, KEY_COMPOSE, CLASS_MODIFIER)                       \
	X(KEY_STOP, KEY_MENU, CLASS_FUNCTION)                             \
	X(KEY_BACK, KEY_FORWARD, CLASS_NAVIGATION)                        \
	X(KEY_NEXTSONG, KEY_RECORD, CLASS_MEDIA)                          \
	X(KEY_REWIND, KEY_REWIND, CLASS_MEDIA)                            \
	X(KEY_REFRESH, KEY_REFRESH, CLASS_FUNCTION)                       \
	X(KEY_SCROLLUP, KEY_SCROLLDOWN, CLASS_NAVIGATION)                 \
	X(KEY_F13, KEY_F24, CLASS_FUNCTION)                               \
	X(KEY_PLAYCD, KEY_PAUSECD, CLASS_MEDIA)                           \
	X(KEY_PLAY, KEY_PLAY, CLASS_MEDIA)                                \
	X(KEY_FASTFORWARD, KEY_BASSBOOST, CLASS_MEDIA)                    \
	X(KEY_SEARCH, KEY_SEARCH, CLASS_FUNCTION)                         \
	X(KEY_BRIGHTNESSDOWN, KEY_SWITCHVIDEOMODE, CLASS_MEDIA)           \
	X(KEY_KBDILLUMTOGGLE, KEY_KBDILLUMUP, CLASS_MEDIA)                \
	X(KEY_MICMUTE, KEY_MICMUTE, CLASS_MEDIA)                          \
	X(BTN_LEFT, BTN_TASK, CLASS_BUTTON)                               \
	X(BTN_TOOL_PEN, BTN_TOOL_QUADTAP, CLASS_BUTTON)                   \
	X(KEY_FN, KEY_FN, CLASS_MODIFIER)

#endif /* CANDOR_CLASSES_H */
