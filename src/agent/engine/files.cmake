agent_files(engine
  SOURCES answer_body.cc answer_builder.cc answer_pipe.cc answer_reader.cc
          chat_reader.cc engine_facts.cc fault_reader.cc http_engine.cc profiles.cc
          request_body.cc responses_reader.cc
  TESTS answer_pipe_test.cc answer_reader_test.cc engine_facts_test.cc fault_reader_test.cc
        http_engine_test.cc profiles_test.cc request_body_test.cc)

# The text of data/models.toml, for the binary.
set(models_text ${CMAKE_CURRENT_BINARY_DIR}/models_text.cc)
set(models_data ${CMAKE_SOURCE_DIR}/data/models.toml)
add_custom_command(
  OUTPUT ${models_text}
  COMMAND ${CMAKE_COMMAND} -D FROM=${models_data} -D TO=${models_text}
          -D FUNCTION=BuiltInModelsText -D ROOM=agent
          -D HEADER=agent/engine/profiles.h
          -P ${CMAKE_SOURCE_DIR}/cmake/embed_text.cmake
  DEPENDS ${models_data} ${CMAKE_SOURCE_DIR}/cmake/embed_text.cmake
  VERBATIM)
list(APPEND AGENT_SOURCES ${models_text})
