//! The `quorumscope` program.

fn main() {
    println!("quorumscope {}", env!("CARGO_PKG_VERSION"));
}
