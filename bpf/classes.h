/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * classes.h - what a key is for, without saying which it is
 *
 * classes.def has the codes of each.
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

#endif /* CANDOR_CLASSES_H */
