//! Threads that check nodes. What comes back is in the order that was asked for, however many threads there are.

use super::check::{Checked, check, roll_up};
use super::group::Scratch;
use super::node::Node;
use super::problem::Problem;
use super::table::Rows;
use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// One piece of work.
pub(super) enum Task {
    /// Check a node on rows of a finer one.
    Check(Node, Arc<Rows>),
    /// Make the rows of a node from those of a finer one.
    RollUp(Node, Arc<Rows>),
}

/// What came of it.
pub(super) enum Done {
    /// What is known of the node.
    Checked(Checked),
    /// The rows of the node, when they are fewer.
    RolledUp(Node, Option<Rows>),
}

/// Does work, with the help of other threads.
pub(super) struct Pool<'p> {
    problem: &'p Problem,
    queue: &'p Queue,
    results: Receiver<(usize, Done)>,
    scratch: Scratch,
    helpers: usize,
}

/// Work that waits.
#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    tasks: VecDeque<(usize, Task)>,
    closed: bool,
}

/// Runs `body` with a pool of so many threads, its own among them.
pub(super) fn with_pool<T>(problem: &Problem, threads: NonZeroUsize, body: impl FnOnce(&mut Pool<'_>) -> T) -> T {
    let queue = Queue::default();
    std::thread::scope(|scope| {
        let (send, results) = channel();
        let mut helpers = 0;
        for _ in 1..threads.get() {
            let (send, queue) = (send.clone(), &queue);
            // A thread that cannot be had is done without.
            let helper = std::thread::Builder::new().spawn_scoped(scope, move || queue.serve(problem, &send));
            helpers += usize::from(helper.is_ok());
        }
        let mut pool = Pool { problem, queue: &queue, results, scratch: Scratch::default(), helpers };
        let result = body(&mut pool);
        queue.close();
        result
    })
}

impl Pool<'_> {
    /// Does all tasks; results are in their order.
    pub(super) fn run(&mut self, tasks: Vec<Task>) -> Vec<Done> {
        if self.helpers == 0 || tasks.len() < 2 {
            return tasks.into_iter().map(|task| task.run(self.problem, &mut self.scratch)).collect();
        }
        let count = tasks.len();
        self.queue.put(tasks);
        let mut done = Vec::with_capacity(count);
        while let Some((number, task)) = self.queue.take() {
            done.push((number, task.run(self.problem, &mut self.scratch)));
        }
        while done.len() < count {
            let Ok(result) = self.results.recv() else { break };
            done.push(result);
        }
        done.sort_by_key(|(number, _)| *number);
        done.into_iter().map(|(_, done)| done).collect()
    }
}

impl Task {
    fn run(self, problem: &Problem, scratch: &mut Scratch) -> Done {
        match self {
            Self::Check(node, rows) => Done::Checked(check(problem, node, &rows, scratch)),
            Self::RollUp(node, rows) => Done::RolledUp(node, roll_up(problem, node, &rows, scratch)),
        }
    }
}

impl Queue {
    fn put(&self, tasks: Vec<Task>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.tasks.extend(tasks.into_iter().enumerate());
        drop(waiting);
        self.changed.notify_all();
    }

    fn take(&self) -> Option<(usize, Task)> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).tasks.pop_front()
    }

    fn close(&self) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.changed.notify_all();
    }

    /// Does what waits until the queue is closed.
    fn serve(&self, problem: &Problem, results: &Sender<(usize, Done)>) {
        let mut scratch = Scratch::default();
        loop {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            let (number, task) = loop {
                match waiting.tasks.pop_front() {
                    Some(task) => break task,
                    None if waiting.closed => return,
                    None => waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner),
                }
            };
            drop(waiting);
            if results.send((number, task.run(problem, &mut scratch))).is_err() {
                return;
            }
        }
    }
}
