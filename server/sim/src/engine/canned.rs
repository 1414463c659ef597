//! What the simulated model says: canned, but something a person can read.

use super::{prompt::Prompt, tokens};

/// What the model thinks before it answers.
const THOUGHTS: [&str; 4] = [
    "The user wants a clear answer. I will name the main point first, give the reason, and end with a next step.",
    "Let me see what is being asked. There are a few ways to read it; the plain one is the likeliest, so I answer that \
     and keep it short.",
    "I should think about what would be useful here: a direct answer, one example, and a hint where to look further.",
    "First the question itself, then the details. I do not know the surroundings, so I should say what I assume.",
];

/// What the model answers, one paragraph each.
const PARAGRAPHS: [&str; 8] = [
    "Start with the smallest version that does the whole job from end to end. It shows at once where the hard part is, \
     and everything you add afterwards has a working thing to be compared with.",
    "Measure before you change anything. Write the number down together with the date and the machine, change one \
     thing, and measure again; three runs of each are usually enough to tell a change from noise.",
    "A good name saves a paragraph of explanation. If it takes an \"and\" to say what a function does, it probably \
     wants to be two functions, and each of them will have an obvious name.",
    "Split the work into steps that can each be checked on their own:\n\n1. Write down what must be true at the end.\n\
     2. Find the one step that could fail and try it first.\n3. Keep a copy of what worked.",
    "Most delays come from waiting, not from working. Look for the queue: something fills it faster than something \
     else empties it, and making any other part faster will not be noticed.",
    "If two sources disagree, ask where each of them got its number. Often they count different things under one \
     name, and both are right about what they count.",
    "Here is a small example that you can adapt:\n\n```python\ndef mean(values):\n    return sum(values) / len(values)\n\
     ```\n\nIt fails for an empty list; decide what should happen there before you use it.",
    "For a first overview, three questions go a long way: who uses it, what would they miss if it were gone tomorrow, \
     and what is the simplest thing that would still serve them.",
];

/// What the model answers in Chinese, so that what handles Han script can be seen at work.
const HAN_PARAGRAPHS: [&str; 2] = [
    "好的，我来简要说明。首先确认目标，然后把工作分成几个可以单独检查的步骤，最后再优化速度。",
    "这个问题可以从三个方面来看：谁在使用它，他们最需要什么，以及最简单的解决办法是什么。",
];

/// What comes before the paragraphs.
const OPENINGS: [&str; 4] = ["Gladly. ", "Good question. ", "In short: ", ""];

/// What the model thinks about a prompt.
pub(super) fn thoughts(prompt: &Prompt, seed: u64) -> &'static str {
    pick(&THOUGHTS, prompt.hash(seed))
}

/// What the model thinks before it calls a tool.
pub(super) fn tool_thoughts(tool: &str) -> String {
    format!("The tool {tool} can answer this; I will call it.")
}

/// What the model says before it calls a tool, when it is asked to explain itself.
pub(super) fn before_a_call(prompt: &Prompt) -> Option<&'static str> {
    let asked = prompt.last_user_text().to_lowercase();
    asked.contains("explain").then_some("Let me look that up.")
}

/// What the model answers to a prompt.
pub(super) fn answer(prompt: &Prompt, seed: u64) -> String {
    let asked = prompt.last_user_text();
    if let Some(echo) = echo(asked) {
        return echo.to_owned();
    }
    if tokens::count(asked) <= 3 && is_greeting(asked) {
        return "Hello! How can I help you today?".to_owned();
    }
    let hash = prompt.hash(seed);
    if asked
        .chars()
        .any(|character| ('\u{4e00}'..='\u{9fff}').contains(&character))
    {
        return pick(&HAN_PARAGRAPHS, hash).to_owned();
    }
    let first = pick(&PARAGRAPHS, hash);
    let second = pick(&PARAGRAPHS, hash / 8 + 1 + hash % 7);
    let opening = pick(&OPENINGS, hash >> 16);
    if first == second || hash & 1 << 24 == 0 {
        format!("{opening}{first}")
    } else {
        format!("{opening}{first}\n\n{second}")
    }
}

/// What follows where a request forbids the model to end.
pub(super) fn more() -> &'static str {
    PARAGRAPHS[0]
}

/// The text that the prompt asks to be said back: after `Reply with one word:` its first word, after `Repeat:` all.
fn echo(asked: &str) -> Option<&str> {
    if let Some((_, rest)) = asked.split_once("one word:") {
        return rest.split_whitespace().next();
    }
    let text = asked.strip_prefix("Repeat:")?.trim_start_matches(' ');
    (!text.is_empty()).then_some(text)
}

fn is_greeting(asked: &str) -> bool {
    let word = asked.trim_matches(|character: char| !character.is_alphabetic());
    ["hello", "hi", "hey", "ping", "test"]
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known))
}

fn pick<'a>(texts: &[&'a str], hash: u64) -> &'a str {
    let place = hash % texts.len() as u64;
    usize::try_from(place)
        .ok()
        .and_then(|place| texts.get(place))
        .copied()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(text: &str) -> String {
        answer(&Prompt::from_text(text), 0)
    }

    #[test]
    fn says_what_it_is_asked_to_say() {
        assert_eq!(ask("Reply with one word: pong"), "pong");
        assert_eq!(ask("Repeat: 你好, \"world\""), "你好, \"world\"");
        assert_eq!(ask("ping"), "Hello! How can I help you today?");
    }

    #[test]
    fn answers_the_same_prompt_alike_and_different_prompts_differently() {
        let asked: Vec<_> = (0..32).map(|number| ask(&format!("What is {number}?"))).collect();
        assert_eq!(asked[0], ask("What is 0?"));
        let different: std::collections::BTreeSet<_> = asked.iter().collect();
        assert!(different.len() > 12, "{} answers to 32 questions", different.len());
    }
}
