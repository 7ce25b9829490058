// SPDX-License-Identifier: MIT
//! A program in Rust whose memory is kmalloc's.
//!
//!     rustc -L DIRECTORY-OF-libashlar.so global.rs

use std::alloc::{GlobalAlloc, Layout, System};

const GFP_KERNEL: u32 = 0x40;
const LEAST_ALIGN: usize = 16; // every block is aligned to as much
const MOST: usize = 128 * 1024; // what kmalloc takes from a cache

#[link(name = "ashlar")]
extern "C" {
    fn ashlar_kmalloc(size: usize, gfp: u32) -> *mut u8;
    fn ashlar_kfree(p: *const u8);
    fn ashlar_memory_stats_json(buf: *mut u8, size: usize, flags: u32) -> usize;
}

struct Slabs;

fn in_slabs(layout: &Layout) -> bool {
    layout.align() <= LEAST_ALIGN && layout.size() <= MOST
}

unsafe impl GlobalAlloc for Slabs {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if in_slabs(&layout) {
            ashlar_kmalloc(layout.size(), GFP_KERNEL)
        } else {
            System.alloc(layout)
        }
    }

    unsafe fn dealloc(&self, p: *mut u8, layout: Layout) {
        if in_slabs(&layout) {
            ashlar_kfree(p)
        } else {
            System.dealloc(p, layout)
        }
    }
}

#[global_allocator]
static GLOBAL: Slabs = Slabs;

fn blocks() -> usize {
    let mut buf = [0u8; 1024];
    let n = unsafe { ashlar_memory_stats_json(buf.as_mut_ptr(), buf.len(), 0) };
    let text = std::str::from_utf8(&buf[..n]).unwrap();
    let from = text.find("\"blocks\":").unwrap() + 9;
    let end = from + text[from..].find(',').unwrap();
    text[from..end].parse().unwrap()
}

fn main() {
    let before = blocks();
    let strings: Vec<String> = (0..1000).map(|i| format!("string {i}")).collect();
    let places = if blocks() - before >= 1000 {
        "all of them in slabs"
    } else {
        "elsewhere"
    };
    println!("{} strings, {}", strings.len(), places);
}
