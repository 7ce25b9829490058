/* SPDX-License-Identifier: MIT */
/*
 * A report being written: text appended to a caller's buffer. What does not
 * fit is counted, not lost in silence: the caller sees overflow and comes
 * again with more room, as Linux's seq_read does.
 */
#ifndef ASHLAR_SEQ_FILE_H
#define ASHLAR_SEQ_FILE_H

#include <ashlar/api.h>

struct seq_file {
	char *buf;
	size_t size; /* bytes of buf */
	size_t count; /* bytes written, never more than size */
	size_t wanted; /* bytes that would have been written */
	/*
	 * A report made in parts: which entry this part begins with, 0 for the
	 * first; its maker sets it to what the next part begins with, or to 0.
	 */
	unsigned long index;
	void *priv; /* the caller's, for the maker; Linux says private */
};

static inline bool seq_has_overflowed(const struct seq_file *m)
{
	return m->wanted > m->size;
}

#ifdef __cplusplus
extern "C" {
#endif

void seq_printf(struct seq_file *m, const char *fmt, ...) ASHLAR_API(seq_printf)
	ASHLAR_PRINTF(2, 3);
void seq_put_decimal_ul_width(struct seq_file *m, const char *delimiter,
			      unsigned long num, unsigned int width)
	ASHLAR_API(seq_put_decimal_ul_width);
void seq_put_hex_ll(struct seq_file *m, const char *delimiter,
		    unsigned long long num, unsigned int width)
	ASHLAR_API(seq_put_hex_ll);
void seq_putc(struct seq_file *m, char c) ASHLAR_API(seq_putc);
void seq_puts(struct seq_file *m, const char *s) ASHLAR_API(seq_puts);
void seq_write(struct seq_file *m, const void *data, size_t len)
	ASHLAR_API(seq_write);

#ifdef __cplusplus
}
#endif

#endif
