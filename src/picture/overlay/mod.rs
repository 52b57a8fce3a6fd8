//! What stands beside and above the nodes in words: text block, legend, caption, lists.
//!
//! Absent here: the words themselves (`words.rs`) and anything one can click; that is egui's.

pub mod layout;
