/* SPDX-License-Identifier: MIT */
/* The paper machine's DMA controllers, wire by wire. Code: dma8237.c. */
#ifndef ASHLAR_SIM_DMA8237_H
#define ASHLAR_SIM_DMA8237_H

#include <ashlar/types.h>

/* A device on a channel. */
struct sim_dma_device {
	/* True while it asks for a transfer. */
	bool (*dreq)(struct sim_dma_device *dev);
	/* It is acknowledged: a byte, or a word, from it or for it. */
	u16 (*read)(struct sim_dma_device *dev);
	void (*write)(struct sim_dma_device *dev, u16 v);
	/* That was the last; it may interrupt. */
	void (*terminal_count)(struct sim_dma_device *dev);
	bool irq; /* its interrupt line */
};

/* The wires; each is drawn high while it is active. */
enum sim_dma_wire {
	WIRE_DREQ,
	WIRE_HRQ,
	WIRE_HLDA,
	WIRE_DACK,
	WIRE_IOR,
	WIRE_MEMW,
	WIRE_MEMR,
	WIRE_IOW,
	WIRE_TC,
	WIRE_IRQ,
	NR_WIRES
};

void sim_dma_power_on(void);
void sim_dma_attach(unsigned int channel, struct sim_dma_device *dev);
void sim_dma_watch(unsigned int channel); /* whose wires are recorded */
/* Clocks until nothing moves any more, @most at most: how many. */
unsigned int sim_dma_run(unsigned int most);
/* Edges since the watch began, as "DREQ+ HRQ+ HLDA+ …". */
void sim_dma_edges(char *buf, size_t size);
/* The same as a picture: a line for each wire that moved. */
void sim_dma_diagram(char *buf, size_t size);

#endif
