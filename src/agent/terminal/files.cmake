agent_files(terminal
  SOURCES call_view.cc code_colours.cc conversation_thread.cc diff_view.cc
    file_finder.cc key_reader.cc line_editor.cc live_screen.cc markdown.cc
    markdown_stream.cc markdown_table.cc mentions.cc plain_session.cc
    prompt_box.cc prompt_history.cc session.cc session_changes.cc
    session_commands.cc session_export.cc styled_text.cc terminal.cc
    terminal_page.cc terminal_session.cc terminal_signals.cc text_diff.cc
    text_width.cc text_width_table.cc tty.cc vim_keys.cc
  TESTS diff_view_test.cc key_reader_test.cc line_editor_test.cc
    live_screen_test.cc markdown_stream_test.cc mentions_test.cc
    prompt_box_test.cc prompt_history_test.cc screen_testing.cc
    scripted_conversation_testing.cc session_test.cc styled_text_test.cc
    terminal_cost_test.cc terminal_page_test.cc text_diff_test.cc text_width_test.cc
    vim_keys_test.cc)
