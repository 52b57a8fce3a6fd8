//! `Core`: one processor core for threads that take turns.
//!
//! Where only one of them has work at any time, a second core makes nothing faster: every hand-over would wake a core that
//! sleeps, which costs more than what a node of a small network then does. Schedulers cannot know that.

/// A processor core, on systems that let threads choose one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Core {
    #[cfg(target_os = "linux")]
    number: usize,
}

impl Core {
    /// The one on which the caller is running.
    pub(super) fn of_caller() -> Core {
        Core {
            #[cfg(target_os = "linux")]
            number: rustix::thread::sched_getcpu(),
        }
    }

    /// From now on the calling thread runs here. Where the system does not let it, it runs anywhere: that takes more
    /// time and changes nothing else.
    #[cfg(target_os = "linux")]
    pub(super) fn adopt(self) {
        let mut cores = rustix::thread::CpuSet::new();
        if self.number < rustix::thread::CpuSet::MAX_CPU {
            cores.set(self.number);
            let _ = rustix::thread::sched_setaffinity(None, &cores);
        }
    }

    /// Threads run wherever the system wants.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn adopt(self) {}
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use rustix::thread::{CpuSet, sched_getaffinity};

    #[test]
    fn a_thread_that_adopts_a_core_may_run_nowhere_else() {
        let core = Core::of_caller();
        let adopt = move || {
            core.adopt();
            sched_getaffinity(None).unwrap()
        };
        let allowed: CpuSet = std::thread::spawn(adopt).join().unwrap();
        assert!(allowed.is_set(core.number));
        assert_eq!(allowed.count(), 1);
    }
}
