# /etc/profile.d/cofferdam.sh: for agents that know no key helper. `cofferdam
# run` mints them a session key for this repository and leads them to the gate.
# A shell reads this for itself alone; egress rules hold those who leave it out.
gemini() { cofferdam run -- gemini "$@"; }
opencode() { cofferdam run -- opencode "$@"; }

# Without the function, too, Gemini CLI asks the gate, which refuses it without
# a session key; opencode's plugins would log in by addresses of their own.
export GOOGLE_GEMINI_BASE_URL=https://gate.example.com
export OPENCODE_DISABLE_DEFAULT_PLUGINS=true
