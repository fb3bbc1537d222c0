//! Pages of 4 KiB: in memory while the process has room for them, then in an unlinked file.
//!
//! A page never moves. The file has no name from the moment after it is made, so that it is gone
//! with the process however that ends; it holds keyed hashes and no login id.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::PathBuf;

use super::Error;
use super::budget::Budget;
use crate::metrics;

pub(super) const PAGE_BYTES: usize = 4096;
pub(super) type Page = [u8; PAGE_BYTES];

/// Where pages may be, and how much of it the process has left.
#[derive(Debug, Clone)]
pub struct Room {
    pub memory: Budget,
    pub disk: Budget,
    /// The system's temporary folder if absent.
    pub folder: Option<PathBuf>,
}

pub(super) struct Pages {
    room: Room,
    places: Vec<Place>,
    file: Option<File>,
    in_file: u64,
    in_memory: u64,
}

enum Place {
    Memory(Box<Page>),
    File { offset: u64 },
}

impl Pages {
    pub fn new(room: Room) -> Self {
        Self { room, places: Vec::new(), file: None, in_file: 0, in_memory: 0 }
    }

    /// Makes a page of zeros and returns its number; numbers count from 0.
    pub fn add(&mut self) -> Result<u32, Error> {
        let place = if self.room.memory.take(PAGE_BYTES as u64) {
            self.in_memory += 1;
            Place::Memory(Box::new([0; PAGE_BYTES]))
        } else {
            self.add_to_file()?
        };
        self.places.push(place);
        Ok((self.places.len() - 1) as u32)
    }

    fn add_to_file(&mut self) -> Result<Place, Error> {
        if !self.room.disk.take(PAGE_BYTES as u64) {
            return Err(Error::DiskFull);
        }
        let offset = self.in_file * PAGE_BYTES as u64;
        self.in_file += 1;
        metrics::spill_bytes(self.room.disk.taken());
        let file = match &mut self.file {
            Some(file) => file,
            empty => empty.insert(unlinked_file(&self.room)?),
        };
        // Written now, so that a full disk is met here and not by a later read.
        file.write_all_at(&[0; PAGE_BYTES], offset)?;
        Ok(Place::File { offset })
    }

    /// The page as it is; `scratch` is where a page of the file is read to.
    pub fn get<'a>(&'a self, number: u32, scratch: &'a mut Page) -> Result<&'a Page, Error> {
        match &self.places[number as usize] {
            Place::Memory(page) => Ok(page),
            Place::File { offset } => {
                self.file().read_exact_at(scratch, *offset)?;
                Ok(scratch)
            }
        }
    }

    /// Writes `bytes` into the page, beginning at `at`.
    pub fn write(&mut self, number: u32, at: usize, bytes: &[u8]) -> Result<(), Error> {
        match &mut self.places[number as usize] {
            Place::Memory(page) => page[at..at + bytes.len()].copy_from_slice(bytes),
            Place::File { offset } => {
                let offset = *offset + at as u64;
                self.file().write_all_at(bytes, offset)?;
            }
        }
        Ok(())
    }

    fn file(&self) -> &File {
        self.file.as_ref().expect("a page in the file is made after the file")
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.room.memory.give_back(self.in_memory * PAGE_BYTES as u64);
        if self.in_file > 0 {
            self.room.disk.give_back(self.in_file * PAGE_BYTES as u64);
            metrics::spill_bytes(self.room.disk.taken());
        }
    }
}

fn unlinked_file(room: &Room) -> Result<File, Error> {
    let folder = room.folder.clone().unwrap_or_else(std::env::temp_dir);
    let path = folder.join(format!("user-import-{}", uuid::Uuid::new_v4()));
    let file =
        OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}
