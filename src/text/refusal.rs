//! Reasons why a command of the window is disabled.

use super::catalogue::messages;

messages! { "refusal":
    fn no_run();
    fn nothing_selected();
    fn not_running();
    fn unseen_node();
    fn slowest();
    fn fastest();
    fn no_nodes();
    fn no_scenario();
    fn recorded();
    fn recorded_seed();
    fn live_speed();
    fn live_add();
    fn live_remove();
    fn live_restart();
}
